import * as z from "zod/mini";
import { Count, ShardState } from "./enums.ts";

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

/** What a record holds is read by others: no variable that sounds of a secret is told of. */
const SECRET = /KEY|TOKEN|SECRET|PASS|CREDENTIAL/i;

const Variable = z.string().check(
  z.regex(/^[A-Za-z_][A-Za-z0-9_]*$/, "wanted the name of an environment variable"),
  z.refine((name) => !SECRET.test(name), {
    error: ({ input }) => `"${input}" may hold a secret, and would be recorded`,
  }),
);

/** Of several variables the first that is set counts. */
const Variables = z.exactOptional(z.array(Variable));

const number = {
  variable: Variable,
  /** It counts only where this one is set too. */
  with: z.exactOptional(Variable),
  /** The variable names a file; the number is what comes after this text at the beginning of one of its lines. */
  line: z.exactOptional(z.string().check(z.regex(/^[^\p{Cc}]+$/u, "wanted the beginning of a line"))),
};

const end = {
  /** Holds the end in seconds since 1970. */
  variable: z.exactOptional(Variable),
  /** The option that limits a job's time: HH:MM:SS, or a number of seconds, from the job's start. */
  option: z.exactOptional(z.string()),
  /** It counts only where this one is set. */
  with: z.exactOptional(Variable),
};

const members = <N extends z.ZodMiniType, E extends z.ZodMiniType>(numbers: N, ends: E) => ({
  job_id: Variables,
  /** Beside job_id only. */
  task_id: Variables,
  /** Which of a node's places it runs in. */
  slot: Variables,
  /** The node, as the scheduler calls it. */
  node: Variables,
  /** How many CPUs the job was given; the first that tells counts. */
  cpus: z.exactOptional(z.array(numbers)),
  /** When its time is up; the first that tells counts. */
  ends_at: z.exactOptional(z.array(ends)),
  /** Variables that explain a result, kept in each shard's record. */
  record: Variables,
});

const one = ({ variable, option }: { variable?: string; option?: string }) => (variable ?? option) !== undefined;

/**
 * What a job sees of its scheduler, as an adapter tells it.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { DeclaredInJob } from "nsfarm-deno";
 * const inJob = { job_id: ["SLURM_ARRAY_JOB_ID", "SLURM_JOB_ID"], cpus: [{ variable: "SLURM_CPUS_PER_TASK" }] };
 * assert.ok(DeclaredInJob.safeParse(inJob).success);
 * assert.ok(!DeclaredInJob.safeParse({ record: ["MY_PASSWORD"] }).success);
 * ```
 */
export const DeclaredInJob = z.strictObject(
  members(z.strictObject(number), z.strictObject(end).check(z.refine(one, "wanted a variable or an option"))),
);

/** The same, as it is kept with a run. */
export const InJob = z.looseObject(members(z.looseObject(number), z.looseObject(end)));
/** The same as a type. */
export type InJob = z.infer<typeof DeclaredInJob>;
