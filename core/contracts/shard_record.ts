import * as z from "zod";
import { Cause, Count, InputFile, Sha256 } from "./kinds.ts";

export const SHARD_RECORD_SCHEMA = "nextstat.cpu_farm_shard_record.v1";
export const METRICS_SCHEMA = "nextstat_metrics_v0";

const Loads = z.array(z.number()).nullable();

/** The `farm` record of one attempt at one shard; null where a thing cannot be known. */
export const ShardRecord = z.looseObject({
  schema_version: z.literal(SHARD_RECORD_SCHEMA),
  run_id: z.string(),
  run_token: z.string(),
  shard_index: Count,
  shards: Count,
  toy_start: Count,
  n_toys: Count,
  seed: Count,
  attempt: z.int().min(1),
  scheduler: z.string(),
  job_id: z.string().nullable(),
  task_id: z.string().nullable(),
  slot: z.string().nullable(),
  wrapper: z.enum(["binary", "sh"]),
  nsfarm_version: z.string(),
  nextstat_version: z.string().nullable(),
  host: z.string(),
  cpu_model: z.string().nullable(),
  cpus_logical: Count.nullable(),
  cpus_physical: Count.nullable(),
  memory_bytes: Count.nullable(),
  kernel: z.string().nullable(),
  threads: Count.nullable(),
  load_average_start: Loads,
  load_average_end: Loads,
  uptime_s: z.number().nullable(),
  started_at_utc: z.string(),
  finished_at_utc: z.string(),
  clock_offset_s: z.number().nullable(),
  wall_s: z.number().nullable(),
  cpu_user_s: z.number().nullable(),
  cpu_system_s: z.number().nullable(),
  max_rss_bytes: Count.nullable(),
  exit_code: z.int().nullable(),
  signal: z.string().nullable(),
  cause: Cause,
  stderr_tail: z.array(z.string()),
  spec_sha256: Sha256.nullable(),
  inputs: z.array(InputFile),
  nextstat_sha256: Sha256.nullable(),
  out_sha256: Sha256.nullable(),
  out_bytes: Count.nullable(),
  environment: z.record(z.string(), z.string()),
});
export type ShardRecord = z.infer<typeof ShardRecord>;

const Timing = z.looseObject({ wall_time_s: z.number().optional() });

/** nextstat's own metrics document. */
export const Metrics = z.looseObject({
  schema_version: z.literal(METRICS_SCHEMA),
  status: z.looseObject({ ok: z.boolean() }),
  timing: Timing,
});
export type Metrics = z.infer<typeof Metrics>;

/** shard_<i>.metrics.json as committed: nextstat's document and our record. */
export const CommittedMetrics = Metrics.extend({ farm: ShardRecord });
export type CommittedMetrics = z.infer<typeof CommittedMetrics>;
