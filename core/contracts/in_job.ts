import * as z from "zod/mini";

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
