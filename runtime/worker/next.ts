import type { Plan } from "../../core/schema/manifest.ts";
import { listAttempts } from "../shard/attempts.ts";
import type { Assignment, Executor, ExecutorPool } from "./executor.ts";
import { newAssignment, type ShardQueue } from "./queue.ts";

/** A slot other than the present one: its throughput so far, and when it is free. */
interface OtherSlot {
  ms_per_toy: number;
  free_in_ms: number;
}

/** Measured times scatter, so the others must need less than this fraction of the time. */
const MARGIN = 0.9;

/**
 * Returns whether a slow slot leaves the next shard to the others: near the end it would be the last to finish, after
 * they had done all remaining shards. Assumes that they start each shard, in order, where it ends first (list
 * scheduling by earliest completion: Ibarra and Kim 1977).
 * @param ms_per_toy of the present slot
 * @param toys of each remaining shard; the first is the one that it would run
 */
export function shouldYield(ms_per_toy: number, toys: readonly number[], others: readonly OtherSlot[]): boolean {
  const most_ms = MARGIN * ms_per_toy * (toys[0] ?? 0);
  const useful = others.filter((slot) => slot.free_in_ms + slot.ms_per_toy * (toys[0] ?? 0) < most_ms);
  const toys_per_ms = useful.reduce((sum, slot) => sum + 1 / slot.ms_per_toy, 0);
  if (toys.reduce((sum, n) => sum + n, 0) >= toys_per_ms * most_ms) return false;
  return finishBefore(most_ms, toys, useful);
}

function finishBefore(most_ms: number, toys: readonly number[], slots: readonly OtherSlot[]): boolean {
  const free = slots.map((slot) => ({ ...slot }));
  return toys.every((n) => {
    const endOf = (slot: OtherSlot) => slot.free_in_ms + n * slot.ms_per_toy;
    const first = free.reduce((best, slot) => endOf(slot) < endOf(best) ? slot : best, free[0] ?? NO_SLOT);
    first.free_in_ms = endOf(first);
    return first.free_in_ms < most_ms;
  });
}

const NO_SLOT: OtherSlot = { ms_per_toy: Infinity, free_in_ms: Infinity };

interface Slot {
  executor: Executor;
  /** Toys of its running shard, and the start on this process's own clock. */
  runs: { n_toys: number; since_ms: number } | undefined;
}

/** Estimates the time per toy of executors, and follows what their slots run. */
export class ThroughputEstimator {
  readonly #done = new Map<Executor, { n_toys: number; ms: number }>();
  readonly #slots = new Map<string, Slot>();

  runs(executor: Executor, name: string, { n_toys }: Plan, gone: Promise<unknown>): void {
    const slot: Slot = { executor, runs: { n_toys, since_ms: performance.now() } };
    this.#slots.set(name, slot);
    const end = () => slot.runs = undefined;
    gone.then(end, end);
  }

  done(executor: Executor, { n_toys }: Plan, wall_s: number | null): void {
    if (wall_s === null) return;
    const sum = this.#done.get(executor) ?? { n_toys: 0, ms: 0 };
    this.#done.set(executor, { n_toys: sum.n_toys + n_toys, ms: sum.ms + 1000 * wall_s });
  }

  /**
   * Returns whether this slot leaves the queue to the slots of other executors. Never where a shard has failed or is
   * one executor's share, since then not every slot may run every shard.
   */
  yields(
    executor: Executor,
    name: string,
    queue: readonly Assignment[],
    executors: readonly Executor[],
    now_ms: number,
  ): boolean {
    const ms_per_toy = this.#msPerToy(executor);
    if (ms_per_toy === undefined || queue.length === 0 || executors.length < 2) return false;
    const isBound = (plan: Plan) => executors.some((one) => one.owns?.(plan));
    if (queue.some(({ plan, failed_at }) => failed_at.size > 0 || isBound(plan))) return false;
    return shouldYield(ms_per_toy, queue.map(({ plan }) => plan.n_toys), this.#others(name, now_ms));
  }

  #msPerToy(executor: Executor): number | undefined {
    const sum = this.#done.get(executor);
    return sum && sum.ms / sum.n_toys;
  }

  #others(name: string, now_ms: number): OtherSlot[] {
    return [...this.#slots].flatMap(([other, { executor, runs }]) => {
      const ms_per_toy = this.#msPerToy(executor);
      if (other === name || ms_per_toy === undefined || !executor.isReady()) return [];
      const rest_ms = runs ? runs.since_ms + runs.n_toys * ms_per_toy - now_ms : 0;
      // A shard that is late may need as long again.
      return [{ ms_per_toy, free_in_ms: Math.abs(rest_ms) }];
    });
  }
}

/** Factor over the slowest shard of this loop from which another loop's shard is late. */
const SLOW_FACTOR = 2;
const LATE_ANYWAY_MS = 30_000;

/** Returns a speculative attempt of a shard that takes others far longer; the first to finish counts. */
function speculativeAttempt(dir: string, queue: ShardQueue, executor: Executor): Assignment | undefined {
  const late_ms = SLOW_FACTOR * (executor.slowest_ms ?? LATE_ANYWAY_MS);
  const plan = queue.takenLongerThan(late_ms, performance.now());
  if (!plan) return undefined;
  const numbers = listAttempts(dir).get(plan.shard_index) ?? [];
  return queue.speculate(newAssignment(plan, Math.max(0, ...numbers) + 1));
}

interface Choice {
  dir: string;
  queue: ShardQueue;
  throughput: ThroughputEstimator;
  pool: ExecutorPool;
  speculate: boolean;
}

/** Returns what a slot starts now: the next open shard, unless the others end sooner, else a speculative attempt. */
export function nextAssignment(
  { dir, queue, throughput, pool, speculate }: Choice,
  executor: Executor,
  slot: string,
): Assignment | undefined {
  const { executors } = pool;
  const queued = queue.queuedFor(executor, executors);
  if (throughput.yields(executor, slot, queued, executors, performance.now())) return undefined;
  const open = queue.take(executor, executors);
  if (open) return open;
  for (const { shard, attempt } of pool.takeStranded?.() ?? []) queue.abandon(shard, attempt);
  return queue.take(executor, executors) ?? (speculate ? speculativeAttempt(dir, queue, executor) : undefined);
}
