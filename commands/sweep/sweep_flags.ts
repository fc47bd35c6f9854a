import { resolve } from "node:path";
import { type FlagTable, type FlagValues, runId } from "../../core/flags.ts";
import { planPoints, readShardsList } from "../../core/sweep/points.ts";
import { splitToys } from "../../core/toys.ts";
import { freshRunId } from "../../runtime/render/runs_beside.ts";
import { loadSweep, type OpenSweep } from "../../runtime/sweep/load.ts";
import type { SweepRequest } from "../../runtime/sweep/render_sweep.ts";
import type { Backend } from "../../schedulers/adapter.ts";
import { defineFlags } from "../flags.ts";
import { readRequest, SWEEP_RUN_FLAGS } from "../request_flags.ts";
import { idFlag, jsonFlag, outRootFlag } from "../study_flags.ts";

/** The flags of a sweep; shared by sweep render and sweep run. */
export const sweepFlags = defineFlags({
  "shards-list": {
    group: "How to split it",
    type: "string",
    required: true,
    placeholder: "counts",
    help: "shard counts, like 50,100,200,400",
    read: (text) => readShardsList(text).join(","),
  },
  repeats: {
    group: "How to split it",
    type: "integer",
    min: 1,
    max: 1000,
    default: 1,
    placeholder: "r",
    help: "runs per shard count; 1 gives no spread",
  },
  "order-seed": {
    group: "How to split it",
    type: "integer",
    placeholder: "s",
    help: "seed of the random order of the runs (default: --seed)",
  },
  "out-root": outRootFlag("sweep"),
  "sweep-id": idFlag("sweep"),
  ...SWEEP_RUN_FLAGS,
});

/** Returns the sweep that the flags request. @throws {FarmError} usage */
export function readSweepRequest(options: Record<string, unknown>, adapter: Backend): SweepRequest {
  const { shardsList, repeats, orderSeed, outRoot, sweepId, nToys } = sweepFlags.read(options);
  const counts = readShardsList(shardsList);
  for (const count of counts) splitToys(nToys, count, "--shards-list");
  const sweep_id = sweepId ?? freshRunId(resolve(outRoot), "sweep");
  // With the id of a point, whose seed a repeated sweep takes.
  const [first] = planPoints(sweep_id, counts, repeats, 0);
  const own = { outDir: outRoot, runId: first?.run_id, shards: Math.max(...counts) };
  const request = readRequest({ ...options, ...own }, adapter, "sweep");
  const order_seed = orderSeed ?? request.seed;
  const points = planPoints(sweep_id, counts, repeats, order_seed);
  for (const { run_id } of points) runId(run_id);
  return { sweep_id, points, repeats, order_seed, request };
}

export const SWEEP_JSON = {
  "sweep-json": jsonFlag("sweep"),
} as const satisfies FlagTable;

/** Flags of the commands that act on each run of a sweep. */
export const sweepJsonFlag = defineFlags(SWEEP_JSON);

export const readSweepJson = ({ sweepJson }: FlagValues<typeof SWEEP_JSON>): OpenSweep => loadSweep(sweepJson);

/** Flags for running each run; shared by sweep submit and sweep run. */
export const POINT_FLAGS = {
  "poll-s": {
    group: "Advanced",
    type: "number",
    min: 0.1,
    placeholder: "s",
    help: "seconds between two queries of the scheduler",
  },
  collect: { group: "Advanced", type: "boolean", default: true, help: "do not collect or merge the runs" },
  merge: { group: "Advanced", type: "boolean", default: true, help: "do not merge the runs" },
  force: { group: "Advanced", type: "boolean", help: "also rerun failed runs, and collect and merge finished ones" },
} as const satisfies FlagTable;

/** Values of these flags, and another mode for the jobs; null: as rendered. */
export type PointFlags = FlagValues<typeof POINT_FLAGS> & { mode?: "shared" | "transfer" | undefined };
