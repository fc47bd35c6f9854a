import { listAttempts } from "../shard/attempts.ts";
import { newAssignment, type ShardQueue } from "./order_book.ts";
import type { Assignment, Executor } from "./place.ts";

/** A shard is late that takes so many times as long as the slowest that this loop did. */
const SLOW_FACTOR = 2;
const LATE_ANYWAY_MS = 30_000;

/** A second attempt at a shard for which others take far longer than this loop did; whichever ends first counts. */
export function speculativeAttempt(dir: string, queue: ShardQueue, executor: Executor): Assignment | undefined {
  const late_ms = SLOW_FACTOR * (executor.slowest_ms ?? LATE_ANYWAY_MS);
  const plan = queue.takenLongerThan(late_ms, performance.now());
  if (!plan) return undefined;
  const numbers = listAttempts(dir).get(plan.shard_index) ?? [];
  return queue.speculate(newAssignment(plan, Math.max(0, ...numbers) + 1));
}
