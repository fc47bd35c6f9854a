import * as z from "zod/mini";
import { Count, ShardState } from "./kinds.ts";

const Limit = z.nullable(Count);
const Name = z.nullable(z.string());

/**
 * A limit on queued jobs that holds for one account, partition or QOS only; null: for each of them.
 *
 * @example
 * ```ts
 * import type { SubmitLimit } from "nsfarm-deno";
 * const limit: SubmitLimit = { account: "higgs", partition: null, qos: null, max_submit_jobs: 500 };
 * ```
 */
export const SubmitLimit = z.strictObject({ account: Name, partition: Name, qos: Name, max_submit_jobs: Count });
export type SubmitLimit = z.infer<typeof SubmitLimit>;

/**
 * A partition, or an execute node.
 *
 * @example
 * ```ts
 * import type { Place } from "nsfarm-deno";
 * const main: Place = { name: "main", state: "up", nodes: 2, cpus: 64, memory_mb: 128_000, time_limit: "1-00:00:00" };
 * ```
 */
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

/**
 * What a scheduler's probe found; what is absent is not known.
 *
 * @example
 * ```ts
 * import type { SchedulerLimits } from "nsfarm-deno";
 * const limits: SchedulerLimits = { version: "8.1.9", max_array_size: 75_000, job_age_s: null };
 * ```
 */
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

/**
 * One shard's (or, with shard null, one whole submission's) state as its scheduler tells it.
 *
 * @example
 * ```ts
 * import type { NativeState } from "nsfarm-deno";
 * const waiting: NativeState = {
 *   token: "0123456789abcdef",
 *   shard: 3,
 *   state: "queued",
 *   native: "PENDING (Resources)",
 *   reason: null,
 *   host: null,
 * };
 * ```
 */
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
