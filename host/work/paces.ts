import type { Plan } from "../../core/contracts/manifest.ts";
import { type OtherSlot, shouldYield } from "../../core/leave_to_others.ts";
import type { Assignment, Executor } from "./place.ts";

interface Slot {
  executor: Executor;
  /** What it runs, and since when on this process's own clock. */
  runs: { n_toys: number; since_ms: number } | undefined;
}

/** How long executors take for a toy, and what their slots are at. */
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
   * Whether this slot leaves what is queued to the slots of other executors. Never where a shard has failed or is a share
   * made for one of them, since then not each slot may take each of them.
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
      // One that is late may be so for as long again.
      return [{ ms_per_toy, free_in_ms: Math.abs(rest_ms) }];
    });
  }
}
