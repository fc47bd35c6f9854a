import * as z from "../core/schema/zod.ts";

/** Id of a job in its scheduler. */
export const JobId = z.string().check(z.regex(/^[^\s\p{Cc}]{1,256}$/u, "wanted a job id without spaces"));
const Message = z.string().check(z.minLength(1));

const refused = { kind: z.literal("refused"), message: Message };

/** Refusal by the scheduler, after which nothing is queued. */
const Refused = z.strictObject(refused);

/** Refusal of a submission. */
const RefusedSubmission = z.strictObject({
  ...refused,
  /** Whether fewer jobs, or the same ones later, would be accepted: the user has as many in the queue as are allowed. */
  queue_full: z.exactOptional(z.boolean()),
});

/** Returns a schema for `ok` with a value, or `unclear`. */
export const answerOf = <T extends z.ZodMiniType>(value: T) =>
  z.discriminatedUnion("kind", [
    z.strictObject({ kind: z.literal("ok"), value }),
    Refused,
    z.strictObject({ kind: z.literal("unclear"), message: Message }),
  ]);
/**
 * Result of a query or a submission: a value; a refusal, after which nothing is queued; or unclear, and then the query
 * is repeated.
 *
 * @example
 * ```ts
 * import type { Answer, CommandResult } from "nsfarm-deno";
 * const readCancel = ({ exit_code, stderr }: CommandResult): Answer<null> =>
 *   exit_code === 0 ? { kind: "ok", value: null } : { kind: "unclear", message: stderr || "no answer" };
 * ```
 */
export type Answer<T> = { kind: "refused"; message: string } | { kind: "ok"; value: T } | {
  kind: "unclear";
  message: string;
};

/**
 * Submission that may have been accepted: its token is searched for.
 *
 * @example
 * ```ts
 * import type { UnclearSubmission } from "nsfarm-deno";
 * const timedOut: UnclearSubmission = { kind: "unclear", message: "no answer in time" };
 * ```
 */
export const UnclearSubmission = z.strictObject({
  kind: z.literal("unclear"),
  message: Message,
  /** Candidates for the job's id, since the scheduler accepted it; the first counts if the token cannot be found. */
  ids: z.exactOptional(z.array(JobId).check(z.minLength(1))),
  /** Whether the scheduler answered, with an unknown text: its present queue then shows whether it has the job. */
  answered: z.exactOptional(z.boolean()),
});
export type UnclearSubmission = z.infer<typeof UnclearSubmission>;

/**
 * Result of a submission. "refused" only for texts that are known refusals.
 *
 * @example
 * ```ts
 * import type { CommandResult, SubmitAnswer } from "nsfarm-deno";
 * function readSubmit({ exit_code, stdout, stderr }: CommandResult): SubmitAnswer {
 *   if (exit_code === 0 && /^\d+$/.test(stdout.trim())) return { kind: "ok", value: stdout.trim() };
 *   if (stderr.startsWith("unknown queue")) return { kind: "refused", message: stderr };
 *   return { kind: "unclear", message: stderr || "no answer" };
 * }
 * ```
 */
export const SubmitAnswer = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("ok"), value: JobId }),
  RefusedSubmission,
  UnclearSubmission,
]);
export type SubmitAnswer = z.infer<typeof SubmitAnswer>;

/** Programs that run any text or program: an adapter with one of these could do anything, also by mistake. */
const RUN_ANYTHING: readonly RegExp[] = [
  /^(?:ba|da|a|z|k|mk|pdk|ok|lk|c|tc|fi|r|ya|posh|elvi|xon|nu)?sh[\d.-]*(?:-static)?$/i,
  /^(?:fish|busybox|toybox|posh|pwsh|elvish|nu)$/i,
  /^(?:python|pypy|perl|ruby|lua|luajit|node|nodejs|deno|bun|php|tclsh|wish|expect|guile|ocaml|julia|R|Rscript|java)[\d.-]*$/i,
  /^[mgn]?awk$|^(?:sed|ed|ex|vi|vim|emacs|make|gmake|ninja|m4|gdb|strace|ltrace)$/i,
  /^(?:env|xargs|find|parallel|nohup|setsid|setpriv|nice|ionice|chrt|taskset|numactl|timeout|time|stdbuf|script|watch)$/i,
  /^(?:sudo|su|doas|pkexec|runuser|chroot|unshare|nsenter|fakeroot|ssh|rsh|pdsh|clush|mosh|scp|rsync|curl|wget)$/i,
  /^(?:docker|podman|apptainer|singularity|systemd-run|dbus-run-session|eval|exec|command|source)$/i,
];

export const runsAnything = (program: string): boolean => RUN_ANYTHING.some((pattern) => pattern.test(program));

/** Returns whether a program is named without a path, to be found on PATH. */
export const isBareName = (program: string): boolean => /^[A-Za-z0-9][A-Za-z0-9._+-]*$/.test(program);
