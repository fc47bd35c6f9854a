import * as z from "./zod.ts";
import { Cause, Count, InputFile, PositiveCount, Sha256 } from "./enums.ts";

/** `schema_version` of the member `farm` of a shard's metrics. */
export const SHARD_RECORD_SCHEMA = "nextstat.cpu_farm_shard_record.v1";
/** `schema_version` of nextstat's own metrics. */
export const METRICS_SCHEMA = "nextstat_metrics_v0";

const Loads = z.nullable(z.array(z.number()));

/** Start of an attempt on a clock that nobody can set; absent in records of earlier versions. */
const HostClock = z.looseObject({
  /** Boot of the host (boot_id of random(4)) from which seconds are counted. */
  boot_id: z.nullable(z.string()),
  /** Seconds from boot to the attempt's start, including time asleep. */
  started_boot_s: z.nullable(z.number()),
  /** Seconds by which the host's clock was set during the attempt, positive forward; null: unknown. */
  step_s: z.nullable(z.number()),
});

/** The `farm` record of one attempt at a shard; null: unknown. */
export const ShardRecord = z.looseObject({
  schema_version: z.literal(SHARD_RECORD_SCHEMA),
  run_id: z.string(),
  run_token: z.string(),
  shard_index: Count,
  shards: Count,
  toy_start: Count,
  n_toys: Count,
  seed: Count,
  attempt: PositiveCount,
  scheduler: z.string(),
  job_id: z.nullable(z.string()),
  task_id: z.nullable(z.string()),
  slot: z.nullable(z.string()),
  wrapper: z.enum(["binary", "sh"]),
  nsfarm_version: z.string(),
  nextstat_version: z.nullable(z.string()),
  host: z.string(),
  cpu_model: z.nullable(z.string()),
  cpus_logical: z.nullable(Count),
  cpus_physical: z.nullable(Count),
  memory_bytes: z.nullable(Count),
  kernel: z.nullable(z.string()),
  /** Only from the sh wrapper: where nsfarm-deno runs, its glibc is new enough. */
  glibc: z.optional(z.nullable(z.string())),
  threads: z.nullable(Count),
  load_average_start: Loads,
  load_average_end: Loads,
  uptime_s: z.nullable(z.number()),
  started_at_utc: z.string(),
  finished_at_utc: z.string(),
  clock_offset_s: z.nullable(z.number()),
  clock: z.optional(HostClock),
  wall_s: z.nullable(z.number()),
  cpu_user_s: z.nullable(z.number()),
  cpu_system_s: z.nullable(z.number()),
  max_rss_bytes: z.nullable(Count),
  exit_code: z.nullable(z.int()),
  signal: z.nullable(z.string()),
  cause: Cause,
  stderr_tail: z.array(z.string()),
  spec_sha256: z.nullable(Sha256),
  inputs: z.array(InputFile),
  nextstat_sha256: z.nullable(Sha256),
  out_sha256: z.nullable(Sha256),
  out_bytes: z.nullable(Count),
  environment: z.record(z.string(), z.string()),
});
export type ShardRecord = z.infer<typeof ShardRecord>;

const Timing = z.looseObject({ wall_time_s: z.optional(z.number()) });

/** nextstat's own metrics document. */
export const Metrics = z.looseObject({
  schema_version: z.literal(METRICS_SCHEMA),
  status: z.looseObject({ ok: z.boolean() }),
  timing: Timing,
});
export type Metrics = z.infer<typeof Metrics>;

/** shard_<i>.metrics.json as committed: nextstat's document with our record. */
export const CommittedMetrics = z.extend(Metrics, { farm: ShardRecord });
export type CommittedMetrics = z.infer<typeof CommittedMetrics>;
