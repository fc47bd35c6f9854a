import * as z from "zod/mini";
import { Count } from "./enums.ts";
import { PointState } from "./sweep.ts";

export const SWEEP_SUMMARY_SCHEMA = "nextstat.cpu_farm_sweep_summary.v1";

const Value = z.nullable(z.number());

/** What one host did over all runs of a sweep. */
export const HostShare = z.looseObject({
  host: z.string(),
  cpu_model: z.nullable(z.string()),
  cpus: z.nullable(Count),
  n_shards: Count,
  n_toys: Count,
  /** Toys by the wall time of their shards: what one slot of this host does. */
  toys_per_slot_s: Value,
});

export type HostShare = z.infer<typeof HostShare>;

/** One run of a sweep in figures; null: not known. Times in seconds, memory in bytes. */
export const PointSummary = z.looseObject({
  shards: Count,
  repeat: z.int().check(z.minimum(1)),
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
  /** Most shards that ran at the same time. */
  slots: z.nullable(Count),
  /** Toys by makespan. */
  toys_per_s: Value,
  /** Toys by the longest shard: what the old summaries call throughput. */
  claimed_toys_per_s: Value,
  cpu_s: Value,
  wasted_cpu_s: Value,
  /** Wall time of a toy, start-up left out. */
  toy_s: Value,
  /** What a shard takes beside its toys: starting, reading the spec, writing. */
  startup_s: Value,
  /** Share of start-up in the wall time of all shards. */
  startup_share: Value,
  /** CPU time by wall time and thread: below 1 where shards had to wait for a CPU. */
  cpu_share: Value,
  load_start: Value,
  load_end: Value,
  max_rss_bytes: Value,
  stopwatch_s: Value,
  predicted_makespan_s: Value,
  n_stretches: Count,
  /** What speaks against the fits of its toys. */
  fit_warnings: z.array(z.string()),
});

export type PointSummary = z.infer<typeof PointSummary>;

/** A figure over repeats: std divides by n. */
export const Repeated = z.strictObject({
  median: z.number(),
  mean: z.number(),
  std: z.number(),
  values: z.array(z.number()),
});

export type Repeated = z.infer<typeof Repeated>;

const Figure = z.nullable(z.union([z.number(), Repeated]));

/** All runs of one shard count: numbers, or with repeats their median, mean, std and values. */
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

/** What `sweep summarize --json` prints. */
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
    /** CPUs of the scheduler's pool, and how many were busy, before the first run and after the last. */
    pool_before: z.nullable(PoolCpus),
    pool_after: z.nullable(PoolCpus),
  }),
  hosts: z.array(HostShare),
  interpretation: z.array(z.string()),
});

export type SweepSummary = z.infer<typeof SweepSummary>;
