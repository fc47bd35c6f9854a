import * as z from "zod/mini";
import { Count, ShardState } from "./kinds.ts";

const Limit = z.nullable(Count);
const Name = z.nullable(z.string());

/** A limit on queued jobs that holds for one account, partition or QOS only; null: for each of them. */
export const SubmitLimit = z.strictObject({ account: Name, partition: Name, qos: Name, max_submit_jobs: Count });
export type SubmitLimit = z.infer<typeof SubmitLimit>;

/** A partition, or an execute node. */
export const Place = z.strictObject({
  name: z.string(),
  state: z.string(),
  nodes: Limit,
  /** All CPUs of it. */
  cpus: Limit,
  /** Memory of one of its nodes; 0: nobody has configured it. */
  memory_mb: Limit,
  /** Longest job there, as the scheduler writes it; null: no limit known. */
  time_limit: Name,
  /** Whether it sees the files of this machine; absent: not known, or a matter of course. */
  shares_files: z.exactOptional(z.boolean()),
});
export type Place = z.infer<typeof Place>;

/** What a scheduler's probe found; what is absent is not known. */
export const SchedulerLimits = z.strictObject({
  /** Largest array index + 1, or null where there is no limit. */
  max_array_size: z.exactOptional(Limit),
  max_submit_jobs: z.exactOptional(Limit),
  accounting: z.exactOptional(z.boolean()),
  /** Which cluster this machine asks, where several share a file system. */
  cluster: z.exactOptional(z.string()),
  version: z.exactOptional(z.string()),
  /** How long the scheduler still tells of a job that has ended; poll at least three times in it. */
  job_age_s: z.exactOptional(z.nullable(z.number().check(z.minimum(0)))),
  submit_limits: z.exactOptional(z.array(SubmitLimit)),
  /** Where jobs can run, for preflight to show. */
  places: z.exactOptional(z.array(Place)),
});
export type SchedulerLimits = z.infer<typeof SchedulerLimits>;

/** One shard's (or, with shard null, one whole submission's) state as its scheduler tells it. */
export const NativeState = z.strictObject({
  token: z.string(),
  shard: z.nullable(Count),
  state: ShardState,
  /** The scheduler's own word: `PENDING (Resources)`. */
  native: z.string(),
  /** In words a user knows, or null. */
  reason: Name,
  host: Name,
});
export type NativeState = z.infer<typeof NativeState>;
