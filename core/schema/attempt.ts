import * as z from "zod/mini";
import { Count, Sha256 } from "./enums.ts";
import { ShardRecord } from "./shard_record.ts";

/** `schema_version` of an attempt's file. */
export const ATTEMPT_SCHEMA = "nextstat.cpu_farm_shard_attempt.v1";

/** A process that can be told from a later one with the same number: boot id, pid, start time in clock ticks. */
export const ProcessId = z.strictObject({
  host: z.string(),
  boot_id: z.string(),
  pid: z.int().check(z.minimum(1)),
  start_ticks: z.string(),
});
export type ProcessId = z.infer<typeof ProcessId>;

/**
 * Where a driver started an attempt by ssh. Its wrapper there is `fit`, once the host has told it; by its attempt_token
 * it is known on the host, and its files in incoming/.
 */
export const RemoteAttempt = z.looseObject({
  /** [user@]name[:port] of the hosts file. */
  host: z.string(),
  /** The host's clock less the driver's. */
  clock_offset_s: z.nullable(z.number()),
  /** Why its driver stopped it. */
  stopped_for: z.optional(z.literal("time")),
});
export type RemoteAttempt = z.infer<typeof RemoteAttempt>;

/**
 * attempts/shard_<i>.<attempt>.json: made when an attempt starts, and its end written into the same bytes.
 * `end` is null while it runs, or for ever when its process was killed.
 */
export const Attempt = z.looseObject({
  schema_version: z.literal(ATTEMPT_SCHEMA),
  run_id: z.string(),
  run_token: z.string(),
  attempt_token: z.string(),
  shard_index: Count,
  attempt: z.int().check(z.minimum(1)),
  wrapper: ProcessId,
  /** The node's name as its scheduler calls it, which can be another than that of `wrapper`. */
  host: z.optional(z.string()),
  fit: z.nullable(ProcessId),
  scheduler: z.string(),
  job_id: z.nullable(z.string()),
  task_id: z.nullable(z.string()),
  slot: z.nullable(z.string()),
  submission_token: z.nullable(z.string()),
  started_at_utc: z.string(),
  /** Only where a driver started it by ssh; then `wrapper` is that driver. */
  remote: z.optional(RemoteAttempt),
  /** The run directory whose attempt this is, where this one is a copy of it: it never ends here. */
  copied_from: z.optional(z.string()),
  /** Of the file by which its fit was started here; absent where a driver started it by ssh. */
  nextstat_sha256: z.optional(z.nullable(Sha256)),
  end: z.nullable(ShardRecord),
});
export type Attempt = z.infer<typeof Attempt>;

/** An attempt file's fixed size in bytes: its end must fit in without asking a full disk for space. */
export const ATTEMPT_FILE_BYTES = 16384;

/** `schema_version` of a worker loop's file. */
export const WORKER_SCHEMA = "nextstat.cpu_farm_worker.v1";

/** claims/worker_<token>.json: a worker loop that takes shards of this run. */
export const Worker = z.looseObject({
  schema_version: z.literal(WORKER_SCHEMA),
  token: z.string().check(z.regex(/^[0-9a-f]{16}$/)),
  run_token: z.string(),
  process: ProcessId,
  slots: z.int().check(z.minimum(1)),
  started_at_utc: z.string(),
  /** Counts up every beat_interval_s: while it does the loop is alive, on whatever machine. */
  beats: z.optional(z.int()),
  beat_interval_s: z.optional(z.number()),
});
export type Worker = z.infer<typeof Worker>;
