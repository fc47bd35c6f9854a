import type { ShardState } from "./contracts/kinds.ts";

/** So many failures make a node suspect; one alone may be the shard's own fault. */
const FEWEST = 2;

/** A node on which every shard failed, while other nodes finished theirs. */
interface SuspectNode {
  node: string;
  failed: number;
}

/**
 * Nodes that fail every job at once: a broken node is free again sooner than the others and so takes more and more jobs.
 * @param shards where each ended; shards that never ran have no node
 */
export function suspectNodes(shards: readonly { state: ShardState; node: string | null }[]): SuspectNode[] {
  const count = (state: ShardState) => {
    const found = new Map<string, number>();
    for (const one of shards) {
      if (one.state === state && one.node !== null) found.set(one.node, (found.get(one.node) ?? 0) + 1);
    }
    return found;
  };
  const good = count("done");
  return [...count("failed")].filter(([node, failed]) => failed >= FEWEST && good.size > 0 && !good.has(node))
    .map(([node, failed]) => ({ node, failed }));
}
