import * as z from "./zod.ts";
import { Count, PositiveCount, Sha256 } from "./enums.ts";
import { ShardRecord } from "./shard_record.ts";

/** `schema_version` of an attempt's file. */
export const ATTEMPT_SCHEMA = "nextstat.cpu_farm_shard_attempt.v1";

/**
 * Identity of a process, distinct from a later one with the same number: boot id (in a PID namespace of its own `<boot
 * id>/<namespace>`), pid, start time in clock ticks.
 */
export const ProcessId = z.strictObject({
  host: z.string(),
  boot_id: z.string(),
  pid: PositiveCount,
  start_ticks: z.string(),
});
export type ProcessId = z.infer<typeof ProcessId>;

/**
 * An attempt that a driver started by ssh. `fit` is its wrapper on the host, once the host has reported it;
 * attempt_token identifies it there, and its files in incoming/.
 */
export const RemoteAttempt = z.looseObject({
  /** [user@]name[:port] of the hosts file. */
  host: z.string(),
  /** The host's clock minus the driver's, in seconds. */
  clock_offset_s: z.nullable(z.number()),
  /** Why its driver stopped it. */
  stopped_for: z.optional(z.literal("time")),
});

/**
 * attempts/shard_<i>.<attempt>.json: written when an attempt starts; its end is written into the same bytes. `end` is
 * null while the attempt runs, and stays null if its process was killed.
 */
export const Attempt = z.looseObject({
  schema_version: z.literal(ATTEMPT_SCHEMA),
  run_id: z.string(),
  run_token: z.string(),
  attempt_token: z.string(),
  shard_index: Count,
  attempt: PositiveCount,
  wrapper: ProcessId,
  /** The node's name in its scheduler, which can differ from the name in `wrapper`. */
  host: z.optional(z.string()),
  /** Hash of the machine id of that host (machine-id(5)), where it has one: machines may share a host name. */
  machine_id: z.optional(z.string()),
  fit: z.nullable(ProcessId),
  scheduler: z.string(),
  job_id: z.nullable(z.string()),
  task_id: z.nullable(z.string()),
  slot: z.nullable(z.string()),
  submission_token: z.nullable(z.string()),
  started_at_utc: z.string(),
  /** Only for an attempt by ssh; `wrapper` is then its driver. */
  remote: z.optional(RemoteAttempt),
  /** The run directory to which the attempt belongs, if this file is a copy: it never ends here. */
  copied_from: z.optional(z.string()),
  /** Sha256 of the binary of its fit; absent for an attempt by ssh. */
  nextstat_sha256: z.optional(z.nullable(Sha256)),
  end: z.nullable(ShardRecord),
});
export type Attempt = z.infer<typeof Attempt>;

/** Fixed size of an attempt file in bytes, so that its end fits in even on a full disk. */
export const ATTEMPT_FILE_BYTES = 16384;

/** `schema_version` of a worker loop's file. */
export const WORKER_SCHEMA = "nextstat.cpu_farm_worker.v1";

/** claims/worker_<token>.json: a worker loop that runs shards of this run. */
export const Worker = z.looseObject({
  schema_version: z.literal(WORKER_SCHEMA),
  token: z.string().check(z.regex(/^[0-9a-f]{16}$/)),
  run_token: z.string(),
  process: ProcessId,
  slots: PositiveCount,
  /** Whether it is a pilot: a job of the run's scheduler. */
  pilot: z.optional(z.boolean()),
  started_at_utc: z.string(),
  /** Counter that increases every beat_interval_s while the loop is alive, on any machine. */
  beats: z.optional(z.int()),
  beat_interval_s: z.optional(z.number()),
});
export type Worker = z.infer<typeof Worker>;
