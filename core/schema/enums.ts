import * as z from "zod/mini";
import "../first_issue.ts";

/** What ended a shard's attempt (contract, "cause"). */
export const CAUSES = [
  "ok",
  "exit",
  "signal",
  "memory",
  "time",
  "terminated",
  "disk",
  "output",
  "toys",
  "spawn",
  "version",
] as const;
/** One of CAUSES. */
export const Cause = z.enum(CAUSES);
export type Cause = z.infer<typeof Cause>;

/** Where a shard stands. Absent is not finished; what could not be asked is unknown. */
export const SHARD_STATES = [
  "queued",
  "running",
  "held",
  "done",
  "failed",
  "cancelled",
  "timed_out",
  "out_of_memory",
  "preempted",
  "lost",
  "unknown",
] as const;
/** One of SHARD_STATES. */
export const ShardState = z.enum(SHARD_STATES);
export type ShardState = z.infer<typeof ShardState>;

/** Seeds and counts are JSON numbers: beyond 2^53 they would lose digits, so they are refused. */
export const Count = z.int().check(z.minimum(0));
/** A SHA-256 in 64 small hexadecimal digits. */
export const Sha256 = z.string().check(z.regex(/^[0-9a-f]{64}$/));
/** A file that fits read, as it was when the run was rendered. */
export const InputFile = z.strictObject({ path: z.string(), bytes: Count, sha256: Sha256 });
export type InputFile = z.infer<typeof InputFile>;

/** The source of a regular expression. */
export const Pattern = z.string().check(z.refine(isPattern, "wanted a regular expression"));

function isPattern(source: string): boolean {
  try {
    return new RegExp(source) instanceof RegExp;
  } catch {
    return false;
  }
}
