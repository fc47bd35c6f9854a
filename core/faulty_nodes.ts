import { FAILURES } from "./failure.ts";
import type { Cause, ShardState } from "./schema/enums.ts";
import type { NodeFault } from "./schema/node_fault.ts";
import type { Fault } from "./schema/scheduler.ts";

interface EndOnNode {
  node: string | null;
  /** Cause of the last attempt that ended. */
  cause: Cause | null;
  /** When it ended, or began where its end is unknown. */
  at_utc?: string | null;
}

/** A shard with what shows whether its node is at fault. */
export interface ShardOnNode extends EndOnNode {
  shard: number;
  state: ShardState;
  why: string;
  /** What its scheduler blames. */
  fault: Fault | null;
  /** Its earlier attempts without a result. */
  earlier: readonly (EndOnNode & { cause: Cause })[];
}

export type FaultyNode = Pick<NodeFault, "node" | "cause" | "what"> & { at_utc: string | null };

/** Number of shards that must have failed on a node: a single one may fail by its own fault, wherever it runs. */
const MIN_FAILED = 2;

/**
 * Returns the nodes at fault, each once: those that their scheduler blames; the only one on which nextstat could not be
 * started (on several, nextstat is to blame); those on which two shards or more failed and none was done, while another
 * node finished one. A broken node is free again sooner than the others, and so takes more and more jobs.
 */
export function faultyNodes(shards: readonly ShardOnNode[]): FaultyNode[] {
  const ends = shards.flatMap((one) => [
    one,
    ...one.earlier.map((end) => ({ ...one, ...end, fault: null, state: FAILURES[end.cause].state })),
  ]);
  const nodes = Map.groupBy(ends, ({ node }) => node);
  nodes.delete(null);
  const unstarted = [...nodes.values()].filter((some) => some.some(isUnstarted));
  return [...nodes].flatMap(([node, here]) => {
    const verdict = blameOf(here) ?? (unstarted.length === 1 ? spawnOf(here) : null) ?? suspicionOf(here, ends);
    if (node === null || verdict === null) return [];
    return { node, ...verdict, at_utc: here.flatMap(({ at_utc }) => at_utc ?? []).sort().at(-1) ?? null };
  });
}

type Verdict = Pick<FaultyNode, "cause" | "what"> | null;

const isUnstarted = ({ state, cause }: ShardOnNode) => state === "failed" && cause === "spawn";

function blameOf(here: readonly ShardOnNode[]): Verdict {
  const blamed = here.find(({ fault }) => fault === "node");
  return blamed ? { cause: "blamed", what: blamed.why || "its scheduler reports a fault of the node" } : null;
}

const spawnOf = (here: readonly ShardOnNode[]): Verdict =>
  here.some(isUnstarted) ? { cause: "spawn", what: "nextstat could not be started there" } : null;

function suspicionOf(here: readonly ShardOnNode[], all: readonly ShardOnNode[]): Verdict {
  const failed = here.filter((one) => one.state === "failed" && !isUnstarted(one));
  const n_failed = new Set(failed.map(({ shard }) => shard)).size;
  const isDone = ({ state, node }: ShardOnNode) => state === "done" && node !== null;
  if (n_failed < MIN_FAILED || here.some(isDone) || !all.some(isDone)) return null;
  return { cause: "suspect", what: `all ${n_failed} shards there failed` };
}

/** Whether a node can be at fault for an attempt's end; also where that end is not known. */
const isByNode = (cause: Cause | null): boolean => cause === null || FAILURES[cause].is_by_node;

/** Returns the shards, with the fault "node" for each that failed on a faulty node. */
export function withNodeFaults<S extends ShardOnNode>(shards: readonly S[]): S[] {
  const faulty = new Set(faultyNodes(shards).map(({ node }) => node));
  const isOnFaulty = ({ state, node, cause, fault }: S) =>
    state === "failed" && fault === null && node !== null && faulty.has(node) && isByNode(cause);
  return shards.map((one) => isOnFaulty(one) ? { ...one, fault: "node" as const } : one);
}

/**
 * Returns the faults that are recorded for the next runs. A node on which nextstat could not be started is recorded only
 * where a shard of the run is done: else nextstat itself may be at fault.
 */
export const faultsToRecord = (nodes: readonly FaultyNode[], has_done: boolean): FaultyNode[] =>
  nodes.filter(({ cause }) => cause !== "spawn" || has_done);
