import type { Command } from "commander";
import { resolve } from "node:path";
import * as z from "zod/mini";
import { plainPath, realNumber, runId, wholeNumber } from "../../core/parse_flag.ts";
import { planPoints, readShardsList } from "../../core/sweep/plan_points.ts";
import { loadSweep, type OpenSweep } from "../../host/sweep/load_sweep.ts";
import type { SweepRequest } from "../../host/sweep/render_sweep.ts";
import { freshRunId } from "../../host/run/runs_beside.ts";
import type { SchedulerAdapter } from "../../schedulers/adapter.ts";
import { defineJobFlags, defineToyFlags, readRequest } from "../request_flags.ts";
import { defineSchedulerFlags } from "../scheduler_flags.ts";

/** The flags that say what a sweep is; sweep render and sweep run share them. */
export async function defineSweepFlags(command: Command, argv: readonly string[]): Promise<void> {
  command
    .requiredOption("--shards-list <counts>", "shard counts, like 50,100,200,400", (text) => {
      readShardsList(text);
      return text;
    })
    .option("--repeats <r>", "how often each count is measured", wholeNumber("--repeats", 1, 1000), 1)
    .option(
      "--order-seed <s>",
      "seed of the order in which the runs are measured (default: that of the toys)",
      wholeNumber("--order-seed", 0),
    )
    .option(
      "--out-root <dir>",
      "parent of the run directories and of the sweep's document",
      plainPath("--out-root"),
      ".",
    )
    .option("--sweep-id <id>", "name of the sweep (default: made of the date)", runId);
  defineToyFlags(command);
  defineJobFlags(command);
  await defineSchedulerFlags(command, argv);
}

const Flags = z.object({
  shardsList: z.string(),
  repeats: z.number(),
  orderSeed: z.optional(z.number()),
  outRoot: z.string(),
  sweepId: z.optional(z.string()),
});

/** The sweep that the flags ask for. @throws {FarmError} usage */
export function readSweepRequest(options: Record<string, unknown>, adapter: SchedulerAdapter): SweepRequest {
  const { shardsList, repeats, orderSeed, outRoot, sweepId } = Flags.parse(options);
  const counts = readShardsList(shardsList);
  const sweep_id = sweepId ?? freshRunId(resolve(outRoot), "sweep");
  const own = { outDir: outRoot, runId: sweep_id, shards: Math.max(...counts) };
  const request = readRequest({ ...options, ...own }, adapter, "sweep");
  const order_seed = orderSeed ?? request.seed;
  const points = planPoints(sweep_id, counts, repeats, order_seed);
  for (const { run_id } of points) runId(run_id);
  return { sweep_id, points, repeats, order_seed, request };
}

/** --sweep-json, or the first argument. */
export function defineSweepJson(command: Command): void {
  command.requiredOption(
    "--sweep-json <path>",
    "the sweep's document, <sweep_id>.sweep.json",
    plainPath("--sweep-json"),
  );
}

export function readSweepJson(options: Record<string, unknown>): OpenSweep {
  return loadSweep(z.object({ sweepJson: z.string() }).parse(options).sweepJson);
}

/** The flags of what happens to each run; sweep submit and sweep run share them. */
export function definePointFlags(command: Command): void {
  command
    .option("--poll-s <s>", "seconds between two looks at the scheduler", realNumber("--poll-s", 0.1))
    .option("--no-collect", "do not collect (and not merge) a run when it has ended")
    .option("--no-merge", "do not merge a run when it has ended")
    .option("--force", "also runs that are done or failed: failed shards run again, all is collected and merged anew");
}

export const PointFlags = z.object({
  mode: z.optional(z.enum(["shared", "transfer"])),
  pollS: z.optional(z.number()),
  collect: z.boolean(),
  merge: z.boolean(),
  force: z._default(z.boolean(), false),
});
