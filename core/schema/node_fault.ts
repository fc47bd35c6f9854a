import * as z from "./zod.ts";

/**
 * Why a node was judged to be at fault. blamed: its scheduler says so; spawn: nextstat could not be started there;
 * suspect: all shards that ran there failed, while other nodes finished theirs; unreachable: an ssh host that could not
 * be used to the end of a run, while others could.
 */
const NodeFaultCause = z.enum(["blamed", "spawn", "suspect", "unreachable"]);

/** A fault of a node: a line of the journal. */
export const NodeFault = z.looseObject({
  node: z.string().check(z.minLength(1)),
  scheduler: z.string(),
  cause: NodeFaultCause,
  /** What was seen, in words. */
  what: z.string(),
  run_id: z.string(),
  run_token: z.string(),
  run_dir: z.string(),
  /** When the node failed, as far as that is known. */
  at_utc: z.iso.datetime(),
  /** When the line was written. */
  noted_at_utc: z.iso.datetime(),
});
export type NodeFault = z.infer<typeof NodeFault>;

/** A line after which earlier ones no longer count, of one node or (null) of all. */
export const ClearedNodes = z.looseObject({
  cleared: z.nullable(z.string()),
  noted_at_utc: z.iso.datetime(),
});
export type ClearedNodes = z.infer<typeof ClearedNodes>;
