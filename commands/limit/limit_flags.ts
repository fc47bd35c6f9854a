import { resolve } from "node:path";
import { FarmError } from "../../core/errors.ts";
import { type FlagTable, type FlagValues, probability, runId } from "../../core/flags.ts";
import type { LimitWanted } from "../../core/limit/summary.ts";
import { readGrid } from "../../core/scan/grid.ts";
import { HYPOTEST_MERGED_SCHEMA } from "../../core/schema/hypotest.ts";
import type { Limit } from "../../core/schema/limit.ts";
import { workloadNamed, workloads } from "../../core/workload/registry.ts";
import { mostToys } from "../../core/workload/seeds.ts";
import { freshRunId } from "../../runtime/render/runs_beside.ts";
import { LIMIT, type LimitRequest } from "../../runtime/scan/limit_runs.ts";
import { loadStudy, type OpenStudy } from "../../runtime/sweep/study.ts";
import type { Backend } from "../../schedulers/adapter.ts";
import { defineFlags } from "../flags.ts";
import { readRequest, SCAN_RUN_FLAGS } from "../request_flags.ts";
import { idFlag, jsonFlag, outRootFlag } from "../study_flags.ts";

/** The flags of a limit; shared by limit render and limit run. */
export const limitFlags = defineFlags({
  mu: {
    group: "What to run",
    type: "string",
    required: true,
    placeholder: "grid",
    help: "tested values of the POI: FROM:TO:STEP or a list",
    read: (text) => testedValues(text).join(","),
  },
  "max-toys": {
    group: "What to run",
    type: "integer",
    min: 1,
    placeholder: "n",
    help: "most toys over all points (default: 20 times --n-toys)",
  },
  "out-root": outRootFlag("limit"),
  "limit-id": idFlag("limit"),
  ...SCAN_RUN_FLAGS,
});

/** Reads the tested values; q-tilde, the test statistic, is for a POI of 0 or more. */
function testedValues(text: string): number[] {
  const mus = readGrid("--mu", text, 2);
  if (!mus.some((mu) => mu < 0)) return mus;
  throw new FarmError("usage", `Cannot use --mu "${text}": wanted values of 0 or more`, "Like --mu 0:3:0.25");
}

/** Returns the limit that the flags request, and the toys that all its points may get. @throws {FarmError} usage */
export function readLimitRequest(
  options: Record<string, unknown>,
  adapter: Backend,
): LimitRequest & { max_toys: number } {
  const { mu, maxToys, outRoot, limitId, nToys, workload } = limitFlags.read(options);
  refuseOtherWorkload(workload);
  const mus = mu.split(",").map(Number);
  const max_toys = maxToys ?? 20 * nToys * mus.length;
  checkToys(nToys, mus.length, max_toys, mostToys(workloadNamed(workload)));
  const limit_id = limitId ?? freshRunId(resolve(outRoot), "limit");
  // With the id of the first point, whose seed a repeated limit takes.
  const own = { outDir: outRoot, runId: `${limit_id}_mu${mus[0]}`, mu: mus[0] };
  const request = readRequest({ ...options, ...own }, adapter, "limit");
  for (const value of mus) runId(`${limit_id}_mu${value}`);
  return { limit_id, mus, seed_stride: max_toys, request, max_toys };
}

/** Refuses a workload whose merged document is not the one of which a limit is made. @throws {FarmError} usage */
function refuseOtherWorkload(name: string): void {
  const tests = workloads().filter(({ merge }) => merge?.schema === HYPOTEST_MERGED_SCHEMA).map(({ name }) => name);
  if (tests.includes(name)) return;
  throw new FarmError(
    "usage",
    `Cannot make a limit with --workload ${name}: wanted ${tests.join(" or ")}`,
    "Workspaces take hypotest-toys, unbinned specs unbinned-hypotest-toys",
  );
}

function checkToys(n_toys: number, n_points: number, max_toys: number, seeds: number): void {
  if (max_toys < n_toys * n_points) {
    throw new FarmError(
      "usage",
      `Cannot use --max-toys ${max_toys}: ${n_points} points of ${n_toys} toys are ${n_points * n_toys}`,
      `Give at least ${n_points * n_toys}, or fewer --n-toys`,
    );
  }
  if (max_toys * n_points <= seeds) return;
  throw new FarmError(
    "usage",
    `Cannot use --max-toys ${max_toys} with ${n_points} points: their seeds would meet those of the other hypothesis`,
    `Give at most ${Math.floor(seeds / n_points)}`,
  );
}

export const LIMIT_JSON = {
  "limit-json": jsonFlag("limit"),
} as const satisfies FlagTable;

export const readLimitJson = (flags: FlagValues<typeof LIMIT_JSON>): OpenStudy<Limit> =>
  loadStudy(LIMIT, flags.limitJson);

export const WANTED_FLAGS = {
  cl: {
    group: "What to run",
    type: "number",
    default: 0.95,
    placeholder: "p",
    help: "confidence level of the limit",
    read: probability("--cl", "Like --cl 0.95"),
  },
  accuracy: {
    group: "What to run",
    type: "number",
    placeholder: "a",
    help: "wanted error of the limit; points near it get more toys",
    read: positive,
  },
} as const satisfies FlagTable;

export const readWanted = ({ cl, accuracy }: FlagValues<typeof WANTED_FLAGS>): LimitWanted => ({
  cl,
  accuracy: accuracy ?? null,
});

function positive(text: string): number {
  const value = Number(text);
  if (value > 0 && Number.isFinite(value)) return value;
  throw new FarmError("usage", `Cannot use --accuracy "${text}": wanted a number above 0`, "Like --accuracy 0.002");
}
