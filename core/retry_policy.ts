import type { Cause } from "./contracts/kinds.ts";

/** How often a worker loop tries a shard again by itself on the same machine; the rest waits for a person's `retry`. */
const AGAIN: Partial<Record<Cause, number>> = { signal: 1, output: 1 };

export function triesAgain(cause: Cause, failures: number): boolean {
  return failures <= (AGAIN[cause] ?? 0);
}

/** Causes that lie in the machine or the run, not in the shard: to go on would fail every shard. */
export function stopsWorker(cause: Cause): boolean {
  return cause === "disk" || cause === "spawn" || cause === "version";
}
