import type { ShardState } from "./contracts/kinds.ts";

/** What a collection found: kept in the manifest as farm.collected, and printed. */
export interface CollectCounts {
  total: number;
  ok: number;
  failed: number;
  /** Neither: by state. */
  other: Partial<Record<ShardState, number>>;
}

export function describeCollected({ total, ok, failed, other }: CollectCounts): string {
  const rest = Object.entries(other).map(([state, n]) => `, ${n} ${state}`).join("");
  return `${ok}/${total} shards ok, ${failed} failed${rest}`;
}
