import * as z from "./zod.ts";
import { Count, ShardState } from "./enums.ts";

const Limit = z.nullable(Count);
const Name = z.nullable(z.string());

/**
 * Limit on queued jobs for one account, partition or QOS; null: for every one.
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
  /** Total number of CPUs. */
  cpus: Limit,
  /** Memory of one node in MB; 0: not configured. */
  memory_mb: Limit,
  /** Maximum time of a job, in the scheduler's format; null: no known limit. */
  time_limit: Name,
  /** Whether it sees the files of this machine; absent: unknown, or certain. */
  shares_files: z.exactOptional(z.boolean()),
  /** Whether a job gets its nodes for itself alone; absent: unknown, or no. */
  whole_nodes: z.exactOptional(z.boolean()),
});
export type Place = z.infer<typeof Place>;

/**
 * Results of a scheduler's probe; an absent member is unknown.
 *
 * @example
 * ```ts
 * import type { SchedulerLimits } from "nsfarm-deno";
 * const limits: SchedulerLimits = { version: "8.1.9", max_array_size: 75_000, job_age_s: null };
 * ```
 */
export const SchedulerLimits = z.strictObject({
  /** Largest array index + 1; null: no limit. */
  max_array_size: z.exactOptional(Limit),
  max_submit_jobs: z.exactOptional(Limit),
  accounting: z.exactOptional(z.boolean()),
  /** Cluster with which this machine communicates, if several share a file system. */
  cluster: z.exactOptional(z.string()),
  version: z.exactOptional(z.string()),
  /** Seconds for which the scheduler still reports an ended job; poll at least three times within it. */
  job_age_s: z.exactOptional(z.nullable(z.number().check(z.minimum(0)))),
  submit_limits: z.exactOptional(z.array(SubmitLimit)),
  /** What the scheduler checks at each submission, in its own words: `associations`, `limits`, `qos`. */
  enforced: z.exactOptional(z.array(z.string())),
  /** Value of a concurrency limit that nobody has defined (HTCondor, CONCURRENCY_LIMIT_DEFAULT). */
  concurrency_limit: z.exactOptional(Count),
  /** Partitions or nodes on which jobs can run, shown by preflight. */
  places: z.exactOptional(z.array(Place)),
});
export type SchedulerLimits = z.infer<typeof SchedulerLimits>;

/**
 * What a scheduler blames for a hold, an end, or a start that fails again and again.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { Fault } from "nsfarm-deno";
 * assert.ok(Fault.safeParse("node").success);
 * ```
 */
export const Fault = z.enum(["memory", "time", "node"]);
export type Fault = z.infer<typeof Fault>;

/**
 * State of one shard (or, with shard null, of a whole submission), as its scheduler reports it.
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
  /** Reason in words for users, or null. */
  reason: Name,
  host: Name,
  /** Absent: nothing that another request or another node cures. */
  fault: z.exactOptional(Fault),
  /** Whether the job has ended and its scheduler keeps its results until they are fetched. */
  to_fetch: z.exactOptional(z.boolean()),
});
export type NativeState = z.infer<typeof NativeState>;

/** Names of variables that may hold a secret; others can read a record, so it must not contain them. */
const SECRET = /KEY|TOKEN|SECRET|PASS|CREDENTIAL/i;

const Variable = z.string().check(
  z.regex(/^[A-Za-z_][A-Za-z0-9_]*$/, "wanted the name of an environment variable"),
  z.refine((name) => !SECRET.test(name), {
    error: ({ input }) => `"${input}" may hold a secret, and would be recorded`,
  }),
);

/** Variables of which the first one that is set counts. */
const Variables = z.exactOptional(z.array(Variable));

const number = {
  variable: Variable,
  /** Variable that must also be set. */
  with: z.exactOptional(Variable),
  /** The variable names a file; the number follows this text at the beginning of a line of the file. */
  line: z.exactOptional(z.string().check(z.regex(/^[^\p{Cc}]+$/u, "wanted the beginning of a line"))),
};

const end = {
  /** Variable with the end in seconds since 1970. */
  variable: z.exactOptional(Variable),
  /** Option that limits a job's time, from the job's start: HH:MM:SS, or a number of seconds. */
  option: z.exactOptional(z.string()),
  /** Variable that must also be set. */
  with: z.exactOptional(Variable),
};

const members = <N extends z.ZodMiniType, E extends z.ZodMiniType>(numbers: N, ends: E) => ({
  job_id: Variables,
  /** Only together with job_id. */
  task_id: Variables,
  /** Slot of the node in which the job runs. */
  slot: Variables,
  /** Name of the node in the scheduler. */
  node: Variables,
  /** Number of CPUs allocated to the job; the first entry with a value counts. */
  cpus: z.exactOptional(z.array(numbers)),
  /** End of the job's time; the first entry with a value counts. */
  ends_at: z.exactOptional(z.array(ends)),
  /** Variables that explain a result, kept in each shard's record. */
  record: Variables,
});

const one = ({ variable, option }: { variable?: string; option?: string }) => (variable ?? option) !== undefined;

/**
 * Variables that a job sees of its scheduler, as an adapter declares them.
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

/** The same, as a run keeps it. */
export const InJob = z.looseObject(members(z.looseObject(number), z.looseObject(end)));
/** Type of DeclaredInJob and InJob. */
export type InJob = z.infer<typeof DeclaredInJob>;
