import type { ShardQueue } from "./order_book.ts";
import type { ThroughputEstimator } from "./paces.ts";
import type { Assignment, Executor, ExecutorPool } from "./place.ts";
import { speculativeAttempt } from "./second_try.ts";

interface Choice {
  dir: string;
  queue: ShardQueue;
  throughput: ThroughputEstimator;
  pool: ExecutorPool;
  speculate: boolean;
}

/** What a slot begins now: the next open shard unless the others have done all sooner, else one a second time. */
export function nextAssignment(
  { dir, queue, throughput, pool, speculate }: Choice,
  executor: Executor,
  slot: string,
): Assignment | undefined {
  const { executors } = pool;
  if (throughput.yields(executor, slot, queue.queued, executors, performance.now())) return undefined;
  const open = queue.take(executor, executors);
  if (open) return open;
  for (const { shard, attempt } of pool.takeStranded?.() ?? []) queue.abandon(shard, attempt);
  return queue.take(executor, executors) ?? (speculate ? speculativeAttempt(dir, queue, executor) : undefined);
}
