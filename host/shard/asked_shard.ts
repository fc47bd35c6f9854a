import type { NativeState } from "../../schedulers/adapter.ts";

export interface AskedShard {
  native: NativeState | null;
  /** Seconds since the scheduler was first seen not to know it, or to call it done; null: it knows it. */
  absent_s: number | null;
}
