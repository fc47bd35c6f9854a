import type { Plan } from "../../../core/schema/manifest.ts";
import type { Executor } from "../../../runtime/worker/executor.ts";

/** One toy of a run on hosts. */
export const plan = (shard_index: number, host = "ssh"): Plan => ({
  ...{ shard_index, host, user: null, port: 0, weight: 1, threads: 1 },
  ...{ toy_start: shard_index, n_toys: 1, seed: shard_index },
});

/** An executor of which only matters whether it is ready, and whose shares it has. */
export function executorOf(name: string, { ready = true, expected = true, owns = false } = {}): Executor {
  return {
    name,
    slots: () => Promise.resolve([]),
    ready: () => Promise.resolve(ready),
    isReady: () => ready,
    start: () => Promise.resolve(undefined),
    owns: ({ host }) => owns && host === name,
    isExpected: () => expected,
  };
}
