import * as z from "./zod.ts";
import { Count, PositiveCount } from "./enums.ts";
import { PointState } from "./sweep.ts";

export const SWEEP_SUMMARY_SCHEMA = "nextstat.cpu_farm_sweep_summary.v1";

const Value = z.nullable(z.number());

/** Totals of one host over all runs of a sweep. */
export const HostShare = z.looseObject({
  host: z.string(),
  cpu_model: z.nullable(z.string()),
  cpus: z.nullable(Count),
  n_shards: Count,
  n_toys: Count,
  /** toys / wall time of their shards: throughput of one slot of this host. */
  toys_per_slot_s: Value,
});
export type HostShare = z.infer<typeof HostShare>;

/** Figures of one run of a sweep; null: unknown. Times in seconds, memory in bytes. */
export const PointSummary = z.looseObject({
  shards: Count,
  repeat: PositiveCount,
  run_id: z.string(),
  run_dir: z.string(),
  state: PointState,
  error: z.nullable(z.string()),
  n_shards: Count,
  n_ok: Count,
  n_toys: Count,
  n_converged: z.nullable(Count),
  n_error: z.nullable(Count),
  makespan_s: Value,
  makespan_spread_s: Value,
  turnaround_s: Value,
  max_shard_elapsed_s: Value,
  waves: Value,
  /** Largest number of shards that ran at the same time. */
  slots: z.nullable(Count),
  /** toys / makespan. */
  toys_per_s: Value,
  /** toys / longest shard, which the old summaries call throughput. */
  claimed_toys_per_s: Value,
  cpu_s: Value,
  wasted_cpu_s: Value,
  /** Wall time per toy, without start-up. */
  toy_s: Value,
  /** Wall time of a shard without its toys: starting, reading the spec, writing. */
  startup_s: Value,
  /** Start-up / wall time of all shards. */
  startup_share: Value,
  /** CPU time / (wall time × threads): below 1 where shards waited for a CPU. */
  cpu_share: Value,
  load_start: Value,
  load_end: Value,
  max_rss_bytes: Value,
  stopwatch_s: Value,
  predicted_makespan_s: Value,
  n_stretches: Count,
  /** Warnings about the fits of its toys. */
  fit_warnings: z.array(z.string()),
});
export type PointSummary = z.infer<typeof PointSummary>;

/** Statistics of a figure over repeats; std divides by n. */
export const Repeated = z.strictObject({
  median: z.number(),
  mean: z.number(),
  std: z.number(),
  values: z.array(z.number()),
});
export type Repeated = z.infer<typeof Repeated>;

const Figure = z.nullable(z.union([z.number(), Repeated]));

/** Figures of all runs with one shard count: numbers, or with repeats their median, mean, std and values. */
export const CountSummary = z.looseObject({
  shards: Count,
  n_runs: Count,
  n_done: Count,
  makespan_s: Figure,
  turnaround_s: Figure,
  max_shard_elapsed_s: Figure,
  waves: Figure,
  toys_per_s: Figure,
  claimed_toys_per_s: Figure,
  predicted_makespan_s: Figure,
  shards_per_slot: Value,
  startup_share: Value,
  max_rss_bytes: Value,
  run_ids: z.array(z.string()),
});
export type CountSummary = z.infer<typeof CountSummary>;

const PoolCpus = z.looseObject({ cpus: Count, cpus_busy: Count });

/** Output of `sweep summarize --json`. */
export const SweepSummary = z.looseObject({
  schema_version: z.literal(SWEEP_SUMMARY_SCHEMA),
  sweep_id: z.string(),
  scheduler: z.string(),
  config: z.string(),
  n_toys: Count,
  seed: Count,
  threads: z.string(),
  runs: z.array(CountSummary),
  points: z.array(PointSummary),
  environment: z.looseObject({
    nextstat_versions: z.array(z.string()),
    rustc_versions: z.array(z.string()),
    kernels: z.array(z.string()),
    cpu_models: z.array(z.looseObject({ cpu_model: z.string(), hosts: Count, cpus: z.nullable(Count) })),
    load_start: Value,
    load_end: Value,
    /** CPUs of the scheduler's pool and how many were busy, before the first run and after the last. */
    pool_before: z.nullable(PoolCpus),
    pool_after: z.nullable(PoolCpus),
  }),
  hosts: z.array(HostShare),
  interpretation: z.array(z.string()),
});
export type SweepSummary = z.infer<typeof SweepSummary>;
