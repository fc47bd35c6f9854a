import type { ShardState } from "./contracts/kinds.ts";

/** So many shards must have failed on a host before it is suspected: one bad shard says nothing of its host. */
const LEAST_FAILED = 3;

export interface SuspectHost {
  host: string;
  failed: number;
}

/**
 * Hosts on which all shards failed while others are done elsewhere. Such a host is free again at once, so that its
 * scheduler gives it the next job, and it can fail most of a run.
 */
export function suspectHosts(shards: readonly { state: ShardState; host: string | null }[]): SuspectHost[] {
  const count = (state: ShardState) => {
    const counts = new Map<string, number>();
    for (const one of shards) {
      if (one.state === state && one.host !== null) counts.set(one.host, (counts.get(one.host) ?? 0) + 1);
    }
    return counts;
  };
  const done = count("done");
  if (done.size === 0) return [];
  return [...count("failed")].flatMap(([host, failed]) =>
    failed >= LEAST_FAILED && !done.has(host) ? [{ host, failed }] : []
  );
}
