import { FarmError } from "../errors.ts";
import { fitWarnings } from "../fit_quality.ts";
import { mergedError } from "../merge/merged_check.ts";
import { type Pilot, readPilot } from "../plan/pilot.ts";
import { predictMakespan } from "../plan/plan.ts";
import { doneShards, type RunFacts, type ShardFacts, sumOf } from "../run_facts.ts";
import { mostAtOnce } from "../run_times.ts";
import type { PointRecord } from "../schema/sweep.ts";
import type { PointSummary } from "../schema/sweep_summary.ts";
import { cpuShare } from "./measures.ts";
import type { PlannedPoint } from "./points.ts";

/** One run of a sweep: its position, its record in the sweep, and the facts of its directory. */
export interface PointFacts extends PlannedPoint {
  run_dir: string;
  /** null: the old scripts write none. */
  record: PointRecord | null;
  /** null: the directory cannot be read; `fault` has the reason. */
  facts: RunFacts | null;
  fault: string | null;
}

export function summarisePoint(point: PointFacts, predicted_makespan_s: number | null): PointSummary {
  const { shards, repeat, run_id, run_dir, record, facts } = point;
  const done = facts ? doneShards(facts) : [];
  const times = facts?.times;
  const n_toys = done.reduce((sum, shard) => sum + shard.n_toys, 0);
  const longest = times?.max_shard_elapsed_s ?? null;
  const spans = done.flatMap(({ span }) => span ?? []);
  return {
    shards,
    repeat,
    run_id,
    run_dir,
    ...stateOf(point),
    n_shards: facts?.shards.length ?? shards,
    n_ok: done.length,
    n_toys,
    n_converged: done.length > 0 ? sumOf(done.map((shard) => shard.n_converged)) : null,
    n_error: done.length > 0 ? sumOf(done.map((shard) => shard.n_error)) : null,
    makespan_s: times?.makespan_s ?? null,
    makespan_spread_s: times?.makespan_spread_s ?? null,
    turnaround_s: times?.turnaround_s ?? null,
    max_shard_elapsed_s: longest,
    waves: times?.waves ?? null,
    slots: spans.length > 0 && spans.length === done.length ? mostAtOnce(spans) : null,
    toys_per_s: times?.toys_per_s ?? null,
    claimed_toys_per_s: longest !== null && longest > 0 ? n_toys / longest : null,
    cpu_s: facts && !facts.is_old ? facts.times.cpu_s : null,
    wasted_cpu_s: facts && !facts.is_old ? facts.times.wasted_cpu_s : null,
    ...perShard(done),
    cpu_share: cpuShare(done, Number(facts?.threads)),
    load_start: record?.before?.load_average?.[0] ?? null,
    load_end: record?.after?.load_average?.[0] ?? null,
    max_rss_bytes: greatest(done.map((shard) => shard.max_rss_bytes)),
    stopwatch_s: record?.stopwatch_s ?? null,
    predicted_makespan_s,
    n_stretches: times?.stretches.length ?? 0,
    fit_warnings: facts?.fits ? fitWarnings(facts.fits) : [],
  };
}

/** Prefers the state of the directory to the one recorded at the end of the run. */
function stateOf({ record, facts, fault }: PointFacts): Pick<PointSummary, "state" | "error"> {
  if (!facts) return { state: "failed", error: fault ?? "its directory cannot be read" };
  const bad = facts.shards.filter(({ state }) => state !== "done");
  if (bad.length === 0) return { state: "done", error: mergedError(facts.merged_check) };
  if (record?.state === "open" && record.started_at_utc === null) return { state: "open", error: null };
  const why = record?.error ?? bad.find((shard) => shard.why !== null)?.why ?? null;
  const words = `${bad.length} of ${facts.shards.length} shards without a result`;
  return { state: record?.state === "open" ? "open" : "failed", error: why === null ? words : `${words}: ${why}` };
}

function perShard(done: readonly ShardFacts[]): Pick<PointSummary, "toy_s" | "startup_s" | "startup_share"> {
  const wall = sumOf(done.map((shard) => shard.wall_s));
  const fit = sumOf(done.map((shard) => shard.fit_s));
  if (done.length === 0 || wall === null || fit === null || wall <= 0) {
    return { toy_s: null, startup_s: null, startup_share: null };
  }
  const startup = Math.max(0, wall - fit);
  const n_toys = done.reduce((sum, shard) => sum + shard.n_toys, 0);
  return { toy_s: fit / n_toys, startup_s: startup / done.length, startup_share: startup / wall };
}

function greatest(values: readonly (number | null)[]): number | null {
  const most = values.reduce<number>((a, b) => b === null ? a : Math.max(a, b), -Infinity);
  return most === -Infinity ? null : most;
}

/** Plan, made from one run of a sweep, that predicts the other counts. */
export interface SweepPlan {
  run_id: string;
  /** null for the pilot's own count. */
  predicted: (shards: number, n_toys: number) => number | null;
}

/** Least number of shards per slot of a pilot, so that the median gap between two shards is well measured. */
const SHARDS_PER_SLOT = 4;

/** Makes a plan from the smallest finished run with enough shards; null if there is none. */
export function planFromSweep(points: readonly PointFacts[]): SweepPlan | null {
  const pilots = points.flatMap(({ facts }) => {
    if (!facts || facts.is_old || doneShards(facts).length < facts.shards.length) return [];
    const pilot = pilotOf(facts);
    return pilot ? [pilot] : [];
  }).sort((a, b) => a.shards - b.shards);
  const slots = (pilot: Pilot) => pilot.hosts.reduce((sum, host) => sum + host.slots, 0);
  const most = pilots.at(-1)?.shards;
  const pilot = pilots.find((one) => one.shards >= SHARDS_PER_SLOT * slots(one)) ??
    pilots.find((one) => one.shards === most);
  if (!pilot) return null;
  const predicted = (shards: number, n_toys: number) =>
    shards === pilot.shards ? null : predictMakespan(pilot, n_toys, shards);
  return { run_id: pilot.run_id, predicted };
}

function pilotOf(facts: NonNullable<PointFacts["facts"]>): Pilot | null {
  try {
    return readPilot(facts);
  } catch (error) {
    if (error instanceof FarmError) return null;
    throw error;
  }
}
