// @ts-types="@types/d3-array"
import { max, mean, min, quantileSorted } from "d3-array";
// @ts-types="@types/d3-random"
import { randomLcg, randomNormal } from "d3-random";
import TinyQueue from "tinyqueue";
import type { PlannedCount } from "../schema/plan.ts";
import { splitToys } from "../toys.ts";
import type { Pilot, PilotHost, Spread } from "./pilot.ts";

/** A slot, which runs one shard at a time. All members in seconds. */
export interface PlanSlot {
  /** Time at which it can begin its first shard. */
  ready_s: number;
  /** Start-up before the toys of each shard. */
  startup_s: number;
  /** Gap between two of its shards, which the scheduler needs to begin the next. */
  gap_s: number;
  /** Time per toy. */
  toy_s: number;
}

interface Schedule {
  /** Last finish minus first start. */
  makespan_s: number;
  longest_shard_s: number;
}

/** Returns the duration of a shard on a slot; the effective number of toys can be a fraction. */
export const shardSeconds = ({ startup_s, toy_s }: PlanSlot, toys: number): number => startup_s + toys * toy_s;

/**
 * Returns the makespan in seconds if shard i goes to slot i modulo their number, as when every host gets a fixed share.
 * @param toys number of toys of each shard
 */
export function staticMakespan(toys: ArrayLike<number>, slots: readonly PlanSlot[]): number {
  const taken = slots.slice(0, toys.length);
  const ends = taken.map((slot, at) => {
    let end_s = slot.ready_s;
    for (let i = at; i < toys.length; i += slots.length) {
      end_s += (i === at ? 0 : slot.gap_s) + shardSeconds(slot, toys[i] ?? 0);
    }
    return end_s;
  });
  return (max(ends) ?? 0) - (min(taken, ({ ready_s }) => ready_s) ?? 0);
}

/**
 * Returns the schedule if the first free slot takes the next shard (the lower index in a tie), as with array tasks,
 * worker loops and pilots. List scheduling (Graham 1969) with a heap, O(shards × log slots).
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

/** Number of slots of a host; the host may be missing in the pilot. */
export interface HostSlots {
  host: string;
  slots: number;
}

export const pilotSlots = (pilot: Pilot): HostSlots[] => pilot.hosts.map(({ host, slots }) => ({ host, slots }));

/** Returns `n` slots in the pilot's mixture of hosts. */
export function spreadSlots(pilot: Pilot, n: number): HostSlots[] {
  const all = pilot.hosts.reduce((sum, { slots }) => sum + slots, 0);
  let [given, seen] = [0, 0];
  return pilot.hosts.map(({ host, slots }) => {
    seen += slots;
    const share = Math.round(n * seen / all) - given;
    given += share;
    return { host, slots: share };
  });
}

/**
 * Returns the slots of a plan, hosts in turn, each with its host's measurements; a host without any gets those of the
 * pilot's median host. The slots start one after the other, as in the pilot.
 */
export function planSlots(pilot: Pilot, hosts: readonly HostSlots[]): PlanSlot[] {
  const known = new Map(pilot.hosts.map((one) => [one.host, one]));
  const middle = pilot.hosts[Math.floor((pilot.hosts.length - 1) / 2)];
  const most = max(hosts, ({ slots }) => slots) ?? 0;
  const slots: PlanSlot[] = [];
  for (let round = 0; round < most; round++) {
    for (const { host, slots: n } of hosts) {
      const figures = known.get(host) ?? middle;
      if (round < n && figures) slots.push(planSlot(pilot, figures, slots.length));
    }
  }
  return slots;
}

const planSlot = ({ stagger_s, gap_s }: Pilot, { startup_s, toy_s }: PilotHost, at: number): PlanSlot => ({
  ready_s: at * stagger_s,
  startup_s,
  gap_s: gap_s ?? 0,
  toy_s,
});

/** Number of random draws of the toys' times; fewer for many shards. */
const DRAWS = 31;
const MAX_SHARDS_DRAWN = 60_000;

/** Predicted times of a shard count; its CPU time follows from the pilot. */
type Prediction = Pick<
  PlannedCount,
  "shards" | "pulled_makespan_s" | "static_makespan_s" | "max_shard_elapsed_s" | "slot_s" | "startup_share"
>;

/**
 * Returns the predicted times of a shard count.
 * @param spread null: unknown, and so is then the range of the makespan
 * @throws {FarmError} usage, if there are more shards than toys
 */
export function predictCount(
  n_toys: number,
  shards: number,
  slots: readonly PlanSlot[],
  spread: Spread | null,
): Prediction {
  const toys = Float64Array.from(splitToys(n_toys, shards), ({ count }) => count);
  const used = slots.slice(0, shards);
  const plain = pulledSchedule(toys, used);
  const drawn = draws(toys, used, spread);
  const makespans = ascending(drawn, (one) => one.makespan_s);
  const at = (p: number) => quantileSorted(makespans, p) ?? plain.makespan_s;
  const [toy_s, startup_s] = [mean(used, (slot) => slot.toy_s) ?? NaN, mean(used, (slot) => slot.startup_s) ?? NaN];
  const slot_s = n_toys * toy_s + shards * startup_s;
  return {
    shards,
    pulled_makespan_s: { median: at(0.5), q16: spread && at(0.16), q84: spread && at(0.84) },
    static_makespan_s: staticMakespan(toys, used),
    // The median of the longest shards cannot exceed that of the makespans, since no single draw's does.
    max_shard_elapsed_s: quantileSorted(ascending(drawn, (one) => one.longest_shard_s), 0.5) ?? NaN,
    slot_s,
    startup_share: shards * startup_s / slot_s,
  };
}

const ascending = (drawn: readonly Schedule[], pick: (one: Schedule) => number): number[] =>
  drawn.map(pick).sort((a, b) => a - b);

/** Returns the same draws for the same shards, so that a plan is reproducible. */
function draws(toys: Float64Array, slots: readonly PlanSlot[], spread: Spread | null): Schedule[] {
  if (spread === null || (spread.toy === 0 && spread.shard === 0)) return [pulledSchedule(toys, slots)];
  const n = Math.max(3, Math.min(DRAWS, Math.floor(MAX_SHARDS_DRAWN / toys.length)));
  const normal = randomNormal.source(randomLcg(0.5))(0, 1);
  return Array.from({ length: n }, () => {
    // The sum of n independent times has a standard deviation of sqrt(n) times that of one.
    const effective = toys.map((count) =>
      Math.max(0, count * (1 + Math.hypot(spread.toy / Math.sqrt(count), spread.shard) * normal()))
    );
    return pulledSchedule(effective, slots);
  });
}

/** Returns shard counts to compare: 1 to 10,000 in equal logarithmic steps, and small multiples of the slots. */
export function candidateCounts(n_toys: number, n_slots: number): number[] {
  const steps = [1, 2, 3, 4, 5, 6, 8].flatMap((digit) => [1, 10, 100, 1000].map((power) => digit * power));
  const multiples = [1, 2, 3, 4, 5, 8, 12, 20].map((factor) => factor * n_slots);
  const all = [...steps, 10_000, ...multiples].filter((count) => count <= Math.min(n_toys, 10_000));
  return [...new Set(all)].sort((a, b) => a - b);
}
