import type { ShardState } from "./contracts/kinds.ts";

/** One shard's (or, with shard null, one whole submission's) state as its scheduler tells it. */
export interface NativeState {
  token: string;
  shard: number | null;
  state: ShardState;
  /** The scheduler's own word: `PENDING (Resources)`. */
  native: string;
  /** In words a user knows, or null. */
  reason: string | null;
  host: string | null;
}
