// @ts-types="@types/d3-array"
import { mean, median } from "d3-array";
import type { CountSummary, PointSummary, Repeated } from "../contracts/sweep_summary.ts";
import { moments } from "../statistics.ts";

/** The runs of a sweep by shard count, the fewest shards first. */
export function byCount(points: readonly PointSummary[]): CountSummary[] {
  return [...Map.groupBy(points, (point) => point.shards)]
    .sort(([a], [b]) => a - b)
    .map(([shards, runs]) => summariseCount(shards, runs));
}

/** Only runs that are done have figures that can be compared: one that lost shards was not the same work. */
function summariseCount(shards: number, runs: readonly PointSummary[]): CountSummary {
  const done = runs.filter(({ state }) => state === "done");
  const figure = (of: (run: PointSummary) => number | null) => over(done.flatMap((run) => of(run) ?? []), runs.length);
  const average = (of: (run: PointSummary) => number | null) => mean(done.flatMap((run) => of(run) ?? [])) ?? null;
  return {
    shards,
    n_runs: runs.length,
    n_done: done.length,
    makespan_s: figure((run) => run.makespan_s),
    turnaround_s: figure((run) => run.turnaround_s),
    max_shard_elapsed_s: figure((run) => run.max_shard_elapsed_s),
    waves: figure((run) => run.waves),
    toys_per_s: figure((run) => run.toys_per_s),
    claimed_toys_per_s: figure((run) => run.claimed_toys_per_s),
    predicted_makespan_s: figure((run) => run.predicted_makespan_s),
    shards_per_slot: average((run) => run.slots === null ? null : run.n_shards / run.slots),
    startup_share: average((run) => run.startup_share),
    max_rss_bytes: done.reduce<number | null>((most, run) => greater(most, run.max_rss_bytes), null),
    run_ids: runs.map((run) => run.run_id),
  };
}

const greater = (a: number | null, b: number | null) => a === null ? b : b === null ? a : Math.max(a, b);

/** One number for a count that was run once; statistics for one that was repeated. */
function over(values: readonly number[], n_runs: number): number | Repeated | null {
  const [first] = values;
  if (first === undefined) return null;
  if (n_runs === 1) return first;
  const { mean, std } = moments(Float64Array.from(values)) ?? { mean: first, std: 0 };
  return { median: median(values) ?? first, mean, std, values: [...values] };
}

/** The figure to compare counts by. */
export const middle = (figure: number | Repeated | null): number | null =>
  typeof figure === "number" || figure === null ? figure : figure.median;

/** Its spread over repeats; null where it was measured once. */
export const spreadOf = (figure: number | Repeated | null): number | null =>
  typeof figure === "number" || figure === null || figure.values.length < 2 ? null : figure.std;
