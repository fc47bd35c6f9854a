import { orElse } from "../errors.ts";
import * as z from "./zod.ts";
import "../first_issue.ts";

/** Causes of an attempt's end. */
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

/** States of a shard. An absent result is not finished; a shard is unknown if its scheduler or host did not answer. */
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

/** Seed or count. Numbers beyond 2^53 would lose digits in JSON, so they are refused. */
export const Count = z.int().check(z.minimum(0));
/** Count of at least one. */
export const PositiveCount = z.int().check(z.minimum(1));
/** Lower and upper end. */
export const Interval = z.tuple([z.number(), z.number()]);
/** SHA-256 as 64 lower-case hexadecimal digits. */
export const Sha256 = z.string().check(z.regex(/^[0-9a-f]{64}$/));
/** An input file of fits, as it was when the run was rendered. */
export const InputFile = z.strictObject({ path: z.string(), bytes: Count, sha256: Sha256 });
export type InputFile = z.infer<typeof InputFile>;

/** Source of a regular expression. */
export const Pattern = z.string().check(
  z.refine((source) => orElse(false, () => new RegExp(source) instanceof RegExp), "wanted a regular expression"),
);
