// @ts-types="@types/d3-array"
import { extent, mean, median } from "d3-array";
import { withError } from "../format.ts";
import { doneShards, type RunFacts, type ShardFacts, type Span, sumOf } from "../run_facts.ts";
import { mostAtOnce } from "../run_times.ts";
import type { CountSummary, HostShare, PointSummary, Repeated, SweepSummary } from "../schema/sweep_summary.ts";
import { moments } from "../statistics.ts";

/** Groups the runs of a sweep by shard count, the fewest shards first. */
export function byCount(points: readonly PointSummary[]): CountSummary[] {
  return [...Map.groupBy(points, (point) => point.shards)]
    .sort(([a], [b]) => a - b)
    .map(([shards, runs]) => summariseCount(shards, runs));
}

/** Uses only finished runs: a run that lost shards did less work. */
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

/** Returns a number for a count with one run, statistics for a repeated count. */
function over(values: readonly number[], n_runs: number): number | Repeated | null {
  const [first] = values;
  if (first === undefined) return null;
  if (n_runs === 1) return first;
  const { mean, std } = moments(Float64Array.from(values)) ?? { mean: first, std: 0 };
  return { median: median(values) ?? first, mean, std, values: [...values] };
}

/** Returns the value by which counts are compared. */
export const middle = (figure: number | Repeated | null): number | null =>
  typeof figure === "number" || figure === null ? figure : figure.median;

/** Returns the standard deviation over repeats; null if the figure was measured once. */
export const spreadOf = (figure: number | Repeated | null): number | null =>
  typeof figure === "number" || figure === null || figure.values.length < 2 ? null : figure.std;

/** Returns mean and deviation over repeats: `8.412 ± 0.021`; null if measured once. */
export const meanStdText = (figure: number | Repeated | null): string | null =>
  typeof figure === "number" || figure === null || figure.values.length < 2 ? null : withError(figure.mean, figure.std);

/** Returns CPU time / (wall time × threads) of shards; null: unknown. @param threads of each shard; NaN, 0: unknown */
export function cpuShare(done: readonly ShardFacts[], threads: number): number | null {
  const [wall, cpu] = [sumOf(done.map((shard) => shard.wall_s)), sumOf(done.map((shard) => shard.cpu_s))];
  return !(threads > 0) || wall === null || cpu === null || wall <= 0 ? null : cpu / wall / threads;
}

export interface Contention {
  /** Pearson's correlation between a shard's time per toy and the load at its start. */
  r: number;
  n_shards: number;
  load_min: number;
  load_max: number;
}

const MIN_SHARDS = 12;

/**
 * Returns the correlation between load and time per toy over all shards, each relative to the mean of its host, so that
 * a slow host does not count as a busy one. Null if there are too few shards or the load is nearly constant.
 */
export function contentionOf(runs: readonly RunFacts[]): Contention | null {
  const rows = runs.flatMap((run) => doneShards(run)).flatMap(({ host, load_start, fit_s, n_toys }) =>
    host === null || load_start === null || fit_s === null ? [] : [{ host, load: load_start, toy_s: fit_s / n_toys }]
  );
  if (rows.length < MIN_SHARDS) return null;
  const [load_min = NaN, load_max = NaN] = extent(rows, ({ load }) => load);
  if (load_max - load_min < 0.5) return null;
  const hosts = Map.groupBy(rows, ({ host }) => host);
  const centred = [...hosts.values()].flatMap((all) => {
    const [load, toy_s] = [mean(all, (row) => row.load) ?? NaN, mean(all, (row) => row.toy_s) ?? NaN];
    return all.map((row) => [row.load - load, row.toy_s / toy_s - 1] as const);
  });
  const sum = (of: (x: number, y: number) => number) => centred.reduce((total, [x, y]) => total + of(x, y), 0);
  const scale = Math.sqrt(sum((x) => x * x) * sum((_, y) => y * y));
  return scale === 0 ? null : { r: sum((x, y) => x * y) / scale, n_shards: rows.length, load_min, load_max };
}

/** Returns the totals of each host over these runs, the one with the most toys first. */
export function hostShares(runs: readonly RunFacts[]): HostShare[] {
  const hosts = Map.groupBy(runs.flatMap(doneShards).filter((shard) => shard.host !== null), ({ host }) => host ?? "");
  return [...hosts].map(([host, shards]) => hostShare(host, shards)).sort((a, b) => b.n_toys - a.n_toys);
}

function hostShare(host: string, shards: readonly ShardFacts[]): HostShare {
  const n_toys = shards.reduce((sum, shard) => sum + shard.n_toys, 0);
  const wall = sumOf(shards.map((shard) => shard.wall_s));
  return {
    host,
    cpu_model: shards.find((shard) => shard.cpu_model !== null)?.cpu_model ?? null,
    cpus: shards.find((shard) => shard.cpus !== null)?.cpus ?? null,
    n_shards: shards.length,
    n_toys,
    toys_per_slot_s: wall !== null && wall > 0 ? n_toys / wall : null,
  };
}

/** Returns CPU models with their numbers of hosts and CPUs, the most hosts first. */
export function cpuModels(hosts: readonly HostShare[]): SweepSummary["environment"]["cpu_models"] {
  const models = Map.groupBy(hosts.filter(({ cpu_model }) => cpu_model !== null), ({ cpu_model }) => cpu_model ?? "");
  return [...models].map(([cpu_model, all]) => ({
    cpu_model,
    hosts: all.length,
    cpus: sumOf(all.map(({ cpus }) => cpus)),
  })).sort((a, b) => b.hosts - a.hosts);
}

/** End of a run, during which slots were idle because no shards were left. */
export interface Tail {
  /** Seconds from the time when half of the slots were idle for good to the end. */
  tail_s: number;
  makespan_s: number;
  hosts: TailHost[];
}

/** Host that still ran shards in the tail. */
interface TailHost {
  host: string;
  n_shards: number;
  /** Estimated duration if other hosts had run its toys; null: there are no others. */
  without_s: number | null;
}

/** Returns the tail of a run; null if the times of its shards are unknown. */
export function tailOf(run: RunFacts): Tail | null {
  const rows = doneShards(run).flatMap(({ span, n_toys }) => span ? [{ ...span, n_toys }] : []);
  if (rows.length === 0 || run.times.makespan_s === null) return null;
  const ends = rows.map((row) => row.finished_ms).sort((a, b) => b - a);
  const last = ends[0] ?? NaN;
  // The median of the slots' last ends is the time when half of the slots were idle.
  const half_idle = ends[Math.floor(mostAtOnce(rows) / 2)] ?? last;
  const in_tail = rows.filter((row) => row.finished_ms > half_idle);
  const hosts = [...Map.groupBy(in_tail, ({ host }) => host)].map(([host, all]) => ({
    host,
    n_shards: all.length,
    without_s: withoutHost(rows, host),
  }));
  const tail_s = (last - half_idle) / 1000;
  return { tail_s, makespan_s: run.times.makespan_s, hosts: hosts.sort((a, b) => b.n_shards - a.n_shards) };
}

interface Row extends Span {
  n_toys: number;
}

/** Returns the least duration on the other hosts' slots, evenly filled, at their measured speed. */
function withoutHost(rows: readonly Row[], host: string): number | null {
  const others = Map.groupBy(rows.filter((row) => row.host !== host), (row) => row.host);
  const pace = [...others.values()].reduce((sum, all) => sum + toysPerSecond(all), 0);
  const n_toys = rows.reduce((sum, row) => sum + row.n_toys, 0);
  return pace > 0 ? n_toys / pace : null;
}

/** Returns the throughput of all slots of one host, in toys per second. */
function toysPerSecond(rows: readonly Row[]): number {
  const busy_s = rows.reduce((sum, row) => sum + row.finished_ms - row.started_ms, 0) / 1000;
  const n_toys = rows.reduce((sum, row) => sum + row.n_toys, 0);
  return busy_s > 0 ? n_toys / busy_s * mostAtOnce(rows) : 0;
}
