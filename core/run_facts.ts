import { poiName } from "./fit_quality.ts";
import type { MergedCheck } from "./merge/merged_check.ts";
import { putValues, type ShardOutput, type ToyValues } from "./output.ts";
import type { Cause, ShardState } from "./schema/enums.ts";
import type { FitQuality, FitWarning } from "./schema/fit_quality.ts";
import type { RunRecord } from "./schema/manifest.ts";
import type { RunTimes } from "./schema/run_times.ts";

/** Start and end of an attempt on the run's common clock, and its host and slot. */
export interface Span {
  host: string;
  slot: string | null;
  started_ms: number;
  finished_ms: number;
  /** Largest overlap of two attempts in one slot, in ms: the precision of stamps on a clock that was set. */
  slack_ms?: number;
}

/** Known facts of one live shard; null: unknown. */
export interface ShardFacts {
  shard_index: number;
  toy_start: number;
  n_toys: number;
  state: ShardState;
  /** Why the shard is not done. */
  why: string | null;
  cause: Cause | null;
  host: string | null;
  cpu_model: string | null;
  cpus: number | null;
  kernel: string | null;
  span: Span | null;
  wall_s: number | null;
  /** nextstat's own time to generate and fit the toys, fit_s + sample_s, in seconds. The rest of wall_s is start-up. */
  fit_s: number | null;
  cpu_s: number | null;
  max_rss_bytes: number | null;
  /** One-minute load average at the start. */
  load_start: number | null;
  n_converged: number | null;
  n_error: number | null;
  warnings: readonly FitWarning[];
}

/** An attempt without a result. */
export interface FailedAttempt {
  shard_index: number;
  cause: Cause;
  span: Span;
}

/** Toys of the finished shards, in toy order. NaN: no value. */
export interface ToyFacts {
  poi_name: string;
  /** null: the shards disagree, or there are none. */
  poi_true: number | null;
  poi_hat: Float64Array;
  pulls: Float64Array;
}

/** Everything that the run directory says about a run. */
export interface RunFacts {
  run_id: string;
  run_dir: string;
  /** Whether the old scripts rendered it: the times of its shards are then unknown. */
  is_old: boolean;
  scheduler: string;
  created_at_utc: string;
  /** What its shards run, such as `hypotest-toys at mu = 1`; empty: fits of toys. */
  workload: string;
  n_toys: number;
  seed: number;
  threads: string;
  nextstat_version: string | null;
  environment: RunRecord["environment"] | null;
  times: RunTimes;
  shards: ShardFacts[];
  failed_attempts: FailedAttempt[];
  /** What recoveries (--recover) did, one line each. */
  recovered: readonly string[];
  /** Hosts of the hosts file without a result, in words. */
  unused_hosts: readonly string[];
  /** First submission on the common clock of the spans, as far as it is known. */
  submitted_ms: number | null;
  toys: ToyFacts | null;
  /** Whether pulls were asked for. */
  has_pulls: boolean;
  /** The result of the finished shards in lines, of a workload whose toys have no values of their own. */
  result: readonly string[];
  /** Verdict on the run's merged.out.json. */
  merged_check: MergedCheck;
  /** Fit quality of the toys; null: there are none. */
  fits: FitQuality | null;
}

export const doneShards = ({ shards }: Pick<RunFacts, "shards">): ShardFacts[] =>
  shards.filter(({ state }) => state === "done");

/** Returns the sum of the values; null if one of them is unknown. */
export function sumOf(values: readonly (number | null)[]): number | null {
  return values.reduce((sum, value) => sum === null || value === null ? null : sum + value, 0 as number | null);
}

/** Joins the toys of several outputs in toy order; null if there are none. */
export function joinToys(parts: readonly { start: number; output: ShardOutput }[]): ToyFacts | null {
  const sorted = parts.toSorted((a, b) => a.start - b.start);
  const frame = sorted[0]?.output.frame;
  if (!frame) return null;
  const n = sorted.reduce((sum, { output }) => sum + output.poi_hat.length, 0);
  const values: ToyValues = { poi_hat: new Float64Array(n), pulls: new Float64Array(n) };
  let at = 0;
  for (const { output } of sorted) {
    putValues(values, at, output);
    at += output.poi_hat.length;
  }
  const { poi_true } = frame.results;
  const is_one = sorted.every(({ output }) => Math.abs(output.frame.results.poi_true - poi_true) <= 1e-6);
  return {
    poi_name: poiName(frame),
    poi_true: is_one ? poi_true : null,
    ...values,
  };
}
