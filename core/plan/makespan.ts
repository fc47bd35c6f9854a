import TinyQueue from "tinyqueue";

/** A place that runs one shard at a time. Seconds. */
export interface PlanSlot {
  /** When it can begin its first shard. */
  ready_s: number;
  /** Before the toys of each shard: start-up of the program. */
  startup_s: number;
  /** Between two of its shards: what the scheduler takes to begin the next. */
  gap_s: number;
  /** For one toy. */
  toy_s: number;
}

/** What a schedule comes to. */
export interface Schedule {
  /** Last finish less first start. */
  makespan_s: number;
  longest_shard_s: number;
}

/** How long a slot has a shard of so many toys; they may be a fraction, where toys differ. */
const shardSeconds = ({ startup_s, toy_s }: PlanSlot, toys: number): number => startup_s + toys * toy_s;

/**
 * Shards that are given to slots beforehand, shard i to slot i modulo their number, as when every host gets its share.
 * @param toys of each shard
 */
export function staticSchedule(toys: ArrayLike<number>, slots: readonly PlanSlot[]): Schedule {
  const ends = slots.map((slot) => slot.ready_s);
  const taken = slots.slice(0, toys.length);
  let longest_shard_s = 0;
  for (let i = 0; i < toys.length; i++) {
    const at = i % slots.length;
    const slot = slots[at];
    if (!slot) break;
    const wall_s = shardSeconds(slot, toys[i] ?? 0);
    ends[at] = (ends[at] ?? 0) + (i < slots.length ? 0 : slot.gap_s) + wall_s;
    longest_shard_s = Math.max(longest_shard_s, wall_s);
  }
  const last = ends.slice(0, taken.length).reduce((a, b) => Math.max(a, b), 0);
  return { makespan_s: last - firstReady(taken), longest_shard_s };
}

/**
 * Shards in their order, each taken by the slot that is free first (of several, the one with the lower number): what a
 * queue of array tasks, a worker loop and pulling do. List scheduling (Graham 1969), by a heap: n log slots.
 */
export function pulledSchedule(toys: ArrayLike<number>, slots: readonly PlanSlot[]): Schedule {
  const free = new TinyQueue(
    slots.map((slot, at) => ({ at, slot, from_s: slot.ready_s })),
    (a, b) => a.from_s - b.from_s || a.at - b.at,
  );
  let [last, first, longest_shard_s] = [0, Infinity, 0];
  for (let i = 0; i < toys.length; i++) {
    const next = free.pop();
    if (!next) break;
    const wall_s = shardSeconds(next.slot, toys[i] ?? 0);
    const end_s = next.from_s + wall_s;
    first = Math.min(first, next.from_s);
    last = Math.max(last, end_s);
    longest_shard_s = Math.max(longest_shard_s, wall_s);
    next.from_s = end_s + next.slot.gap_s;
    free.push(next);
  }
  return { makespan_s: toys.length === 0 ? 0 : last - first, longest_shard_s };
}

function firstReady(slots: readonly PlanSlot[]): number {
  const first = slots.reduce((least, { ready_s }) => Math.min(least, ready_s), Infinity);
  return Number.isFinite(first) ? first : 0;
}
