import * as z from "./zod.ts";
import { Count, PositiveCount } from "./enums.ts";
import { OptionValue } from "./manifest.ts";

export const SWEEP_SCHEMA = "nextstat.pf32_shard_sweep.v1";

export const SWEEP_RECORD_SCHEMA = "nextstat.cpu_farm_sweep_record.v1";

/** One machine of a pool, or a group of machines, at one moment. */
export const PoolNode = z.looseObject({
  name: z.string(),
  state: z.string(),
  cpus: z.nullable(Count),
  cpus_busy: z.nullable(Count),
  load: z.nullable(z.number()),
});
export type PoolNode = z.infer<typeof PoolNode>;

/** Load of the pool and of this machine at one moment. */
export const PoolSnapshot = z.looseObject({
  at_utc: z.string(),
  host: z.string(),
  load_average: z.nullable(z.array(z.number())),
  uptime_s: z.nullable(z.number()),
  /** null: the scheduler has no pool, or did not answer. */
  nodes: z.nullable(z.array(PoolNode)),
  /** Output of the scheduler's programs. */
  texts: z.array(z.string()),
});
export type PoolSnapshot = z.infer<typeof PoolSnapshot>;

export const PointState = z.enum(["open", "ran", "done", "failed"]);

/** State of one point of a sweep; `ran`: its jobs have ended, but it was not collected. */
export const PointRecord = z.looseObject({
  repeat: PositiveCount,
  state: PointState,
  error: z.nullable(z.string()),
  started_at_utc: z.nullable(z.string()),
  finished_at_utc: z.nullable(z.string()),
  /** Seconds from just before the first submission until its end was seen; null: interrupted. */
  stopwatch_s: z.nullable(z.number()),
  before: z.nullable(PoolSnapshot),
  after: z.nullable(PoolSnapshot),
});
export type PointRecord = z.infer<typeof PointRecord>;

export const SweepPoint = z.looseObject({
  shards: PositiveCount,
  run_id: z.string(),
  run_dir: z.string(),
  farm: z.optional(PointRecord),
});
export type SweepPoint = z.infer<typeof SweepPoint>;

/** `<sweep_id>.sweep.json`, by the old scripts (without `farm`) or us; runs[] is in the order of execution. */
export const Sweep = z.looseObject({
  schema_version: z.literal(SWEEP_SCHEMA),
  created_at_utc: z.string(),
  sweep_id: z.string(),
  scheduler: z.string(),
  config: z.string(),
  n_toys: PositiveCount,
  seed: Count,
  threads: z.union([Count, z.string()]),
  nextstat_bin: z.string(),
  out_root: z.string(),
  runs: z.array(SweepPoint).check(z.minLength(1)),
  farm: z.optional(z.looseObject({
    schema_version: z.literal(SWEEP_RECORD_SCHEMA),
    nsfarm_version: z.string(),
    repeats: PositiveCount,
    order_seed: Count,
    mode: z.enum(["shared", "transfer"]),
    options: z.record(z.string(), OptionValue),
  })),
});
export type Sweep = z.infer<typeof Sweep>;
