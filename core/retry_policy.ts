import type { Cause } from "./contracts/kinds.ts";

/** How often a worker loop tries a shard again by itself on the same machine; the rest waits for a person's `retry`. */
const AGAIN: Partial<Record<Cause, number>> = { signal: 1, output: 1 };

/** The same where there is another machine to try it on. */
const AGAIN_ELSEWHERE: Partial<Record<Cause, number>> = { exit: 1, signal: 1, memory: 1, output: 1, toys: 1 };

/** @param elsewhere whether it can be tried on another machine */
export function triesAgain(cause: Cause, failures: number, elsewhere = false): boolean {
  return failures <= ((elsewhere ? AGAIN_ELSEWHERE : AGAIN)[cause] ?? 0);
}

/** Causes that lie in the machine or the run, not in the shard: to go on would fail every shard. */
export function stopsWorker(cause: Cause): boolean {
  return cause === "disk" || cause === "spawn" || cause === "version";
}
