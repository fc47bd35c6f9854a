import type { Plan } from "../../core/contracts/manifest.ts";
import type { Begun, Place } from "./place.ts";

/** A shard that is to be run, and what became of it so far. */
export interface Order {
  plan: Plan;
  attempt: number;
  /** Attempts that failed by the shard's own fault, and by that of a place. */
  failures: number;
  faults: number;
  failed_at: ReadonlySet<string>;
}

export const newOrder = (plan: Plan, attempt: number): Order => ({
  plan,
  attempt,
  failures: 0,
  faults: 0,
  failed_at: new Set<string>(),
});

interface Awaited {
  order: Order;
  begun: Begun;
}

/** Which shards of a loop are open, run here, are taken by others, or ended; whoever waits is told of each change. */
export class OrderBook {
  #queue: Order[] = [];
  readonly #awaited = new Map<string, Awaited[]>();
  /** Shards that run at our places, with the attempts of each. */
  readonly #running = new Map<number, Order[]>();
  /** The highest attempt number that each shard was given. */
  readonly #numbers = new Map<number, number>();
  /** Attempts whose place fell silent: they may still succeed, but their failure is not waited for. */
  readonly #abandoned = new Set<Order>();
  readonly #taken = new Map<number, Plan>();
  readonly #elsewhere = new Set<number>();
  readonly #failed = new Set<number>();
  /** For good: what was seen before and is told later opens none of them again. */
  readonly #done = new Set<number>();
  readonly #open = new Set<number>();

  get isSettled(): boolean {
    return this.#open.size === 0;
  }

  get hasTaken(): boolean {
    return this.#taken.size > 0;
  }

  /** Open shards that nobody has begun, in their order. */
  get queued(): readonly Order[] {
    return this.#queue;
  }

  add(order: Order): void {
    if (this.#done.has(order.plan.shard_index)) return;
    this.#open.add(order.plan.shard_index);
    this.#queue.push(order);
    this.changed();
  }

  await(place: string, awaited: Awaited): void {
    const shard = awaited.order.plan.shard_index;
    this.#open.add(shard);
    this.#hold(awaited.order);
    const waiting = this.#awaited.get(place);
    if (waiting) waiting.push(awaited);
    else this.#awaited.set(place, [awaited]);
    this.changed();
  }

  awaited(place: string): Awaited | undefined {
    return this.#awaited.get(place)?.shift();
  }

  /** Takes the next shard that may begin at a place now; undefined where there is none. */
  next(place: Place, places: readonly Place[]): Order | undefined {
    const at = this.#queue.findIndex((one) => mayBegin(one, place, places));
    const [order] = at < 0 ? [] : this.#queue.splice(at, 1);
    // Another attempt may have done it in the meantime.
    if (order && !this.#open.has(order.plan.shard_index)) return this.next(place, places);
    if (order) this.#hold(order);
    return order;
  }

  isOpen(shard: number): boolean {
    return this.#open.has(shard);
  }

  /** Whether a shard is open, and one attempt at it goes on at our places. */
  runsOnce(shard: number): boolean {
    return this.#open.has(shard) && this.#running.get(shard)?.length === 1;
  }

  /** A second attempt beside the first. */
  twin(order: Order): Order {
    this.#hold(order);
    return order;
  }

  #hold(order: Order): void {
    const shard = order.plan.shard_index;
    this.#running.set(shard, [...(this.#running.get(shard) ?? []), order]);
    this.#numbers.set(shard, Math.max(order.attempt, this.#numbers.get(shard) ?? 0));
  }

  /**
   * Opens a shard again whose attempt runs at a place of which nothing is heard any more. Should that attempt succeed
   * after all, its result counts; its failure does not.
   */
  abandon(shard: number, attempt: number): void {
    const order = (this.#running.get(shard) ?? []).find((one) => one.attempt === attempt);
    if (!order) return;
    this.#abandoned.add(order);
    this.release(order);
    if (this.#open.has(shard) && !this.#running.has(shard)) {
      this.add({ ...order, attempt: (this.#numbers.get(shard) ?? attempt) + 1 });
    }
  }

  isAbandoned(order: Order): boolean {
    return this.#abandoned.has(order);
  }

  /** An attempt is over, whatever came of it. */
  release(order: Order): void {
    const shard = order.plan.shard_index;
    const others = (this.#running.get(shard) ?? []).filter((one) => one !== order);
    if (others.length > 0) this.#running.set(shard, others);
    else this.#running.delete(shard);
  }

  /** Another process has it: it is looked at again. */
  taken(plan: Plan): void {
    if (this.#running.has(plan.shard_index) || this.#done.has(plan.shard_index)) return;
    this.#open.add(plan.shard_index);
    this.#taken.set(plan.shard_index, plan);
    this.changed();
  }

  /** Begins somewhere else: `where` is between 0 and 1. */
  scatter(where: number): void {
    const at = Math.floor(where * this.#queue.length);
    this.#queue = [...this.#queue.slice(at), ...this.#queue.slice(0, at)];
  }

  /** When a shard was first seen in others' hands, and those that were run a second time for that. */
  readonly #taken_since = new Map<number, number>();
  readonly #late = new Set<number>();

  /** A shard that others have had for so long; each only once. */
  takenLongerThan(ms: number, now_ms: number): Plan | undefined {
    for (const [shard, plan] of this.#taken) {
      const since = this.#taken_since.get(shard) ?? now_ms;
      this.#taken_since.set(shard, since);
      if (now_ms - since < ms || this.#late.has(shard)) continue;
      this.#late.add(shard);
      return plan;
    }
    return undefined;
  }

  /** Those that others have; they are to be sorted anew. */
  takeTaken(): Plan[] {
    const plans = [...this.#taken.values()];
    this.#taken.clear();
    return plans;
  }

  /** @returns false when it was done already */
  done(shard: number): boolean {
    const first = this.#open.delete(shard);
    this.#done.add(shard);
    this.#taken.delete(shard);
    this.changed();
    return first;
  }

  elsewhere(shard: number): void {
    this.#open.delete(shard);
    this.#elsewhere.add(shard);
    this.changed();
  }

  failed(shard: number): void {
    this.#open.delete(shard);
    this.#failed.add(shard);
    this.changed();
  }

  failedAt(order: Order, place: string, { again, counts }: { again: boolean; counts: boolean }): void {
    const shard = order.plan.shard_index;
    if (!this.#open.has(shard) || this.#running.has(shard) || this.isAbandoned(order)) return;
    if (!again) return this.failed(shard);
    const [failures, faults] = counts ? [order.failures + 1, order.faults] : [order.failures, order.faults + 1];
    const failed_at = new Set([...order.failed_at, place]);
    const attempt = (this.#numbers.get(shard) ?? order.attempt) + 1;
    this.add({ ...order, attempt, failures, faults, failed_at });
  }

  report(): { failed: number[]; elsewhere: number[]; left: number[] } {
    return {
      failed: sorted(this.#failed),
      elsewhere: sorted(this.#elsewhere),
      left: sorted(this.#open),
    };
  }

  #waiting: (() => void)[] = [];

  /** Resolves at the next change. */
  change(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  changed(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const wake of waiting) wake();
  }
}

/**
 * Whether a shard may begin at a place now. A share that was made for another place waits for it, and a shard that has
 * failed at this place waits while another one that could take it and has not failed it is ready.
 */
function mayBegin({ plan, failed_at }: Order, place: Place, places: readonly Place[]): boolean {
  const owner = places.find((one) => one.owns(plan));
  const mayTake = (one: Place) => owner === undefined || owner === one || !owner.isExpected();
  if (!mayTake(place)) return false;
  if (!failed_at.has(place.name)) return true;
  return !places.some((one) => one.isReady() && mayTake(one) && !failed_at.has(one.name));
}

const sorted = (shards: Iterable<number>) => [...shards].sort((a, b) => a - b);
