import TinyQueue from "tinyqueue";
import { cutByTime, type TimedSlots, toysOfProbe } from "../cut_by_time.ts";
import type { PlannedMinutes } from "../schema/plan.ts";
import { type PlanSlot, shardSeconds } from "./predict.ts";

/** Minutes that are compared: round numbers that a person would give. */
const MINUTES = [0.1, 0.2, 0.5, 1, 2, 3, 5, 8, 10, 15, 20, 30, 45, 60, 90, 120, 180, 240, 360, 480, 720, 1440];

/** Number of shards beyond which no time of a shard is compared. */
const MAX_COMPARED = 10_000;

/**
 * Predicts the makespan of `--shard-minutes` for each round time that makes 2 to 10,000 shards of at least one toy;
 * none for a run that is too short.
 */
export function predictMinutes(n_toys: number, slots: readonly PlanSlot[]): PlannedMinutes[] {
  const kinds = [...Map.groupBy(slots, ({ toy_s, startup_s }) => `${toy_s} ${startup_s}`).values()];
  const slowest_s = Math.max(...kinds.map(([one]) => one ? one.startup_s + one.toy_s : 0));
  const all_s = n_toys * kinds.reduce((sum, [one, ...more]) => sum + (one?.toy_s ?? 0) * (1 + more.length), 0) /
    slots.length;
  return MINUTES
    .filter((minutes) => minutes * 60 >= slowest_s && all_s > minutes * 60 && all_s <= minutes * 60 * MAX_COMPARED)
    .map((shard_minutes) => ({ shard_minutes, ...runMinutes(n_toys, shard_minutes, kinds) }));
}

/** Returns the run of probes, one in each slot, and then of shards by time. */
function runMinutes(n_toys: number, minutes: number, kinds: readonly PlanSlot[][]) {
  const slots = kinds.flat();
  const mean = (of: (slot: PlanSlot) => number) => slots.reduce((sum, one) => sum + of(one), 0) / slots.length;
  const time = { toy_s: mean(({ toy_s }) => toy_s), startup_s: mean(({ startup_s }) => startup_s) };
  const probe = toysOfProbe(n_toys, minutes, slots.length, time);
  const probed = slots.slice(0, Math.floor(n_toys / 4));
  const cut_s = probed.reduce((most, slot) => Math.max(most, slot.ready_s + shardSeconds(slot, probe) + slot.gap_s), 0);
  const rest = { start: 0, count: n_toys - probed.length * probe };
  const pieces = cutByTime(rest, minutes, kinds.map(timedSlots));
  const first_s = slots.reduce((least, { ready_s }) => Math.min(least, ready_s), Infinity);
  return { shards: probed.length + pieces.length, makespan_s: lastEnd(pieces, cut_s, kinds) - first_s };
}

/** Returns one kind of slots for cutByTime(), under its index. */
const timedSlots = (all: readonly PlanSlot[], i: number): TimedSlots => ({
  executor: `${i}`,
  slots: all.length,
  toy_s: all[0]?.toy_s ?? 0,
  startup_s: all[0]?.startup_s ?? 0,
});

/**
 * Returns when the last of these shards ends, in seconds: from `cut_s` on a free slot takes the next shard that was
 * sized for it, else the next one of another kind of slot.
 */
function lastEnd(pieces: ReturnType<typeof cutByTime>, cut_s: number, kinds: readonly PlanSlot[][]): number {
  const queues = kinds.map((_, i) =>
    pieces.filter(({ farm }) => farm.sized_for === `${i}`).map(({ count }) => count).toReversed()
  );
  const free = new TinyQueue(
    kinds.flatMap((all, kind) => all.map((slot) => ({ slot, kind, from_s: Math.max(cut_s, slot.ready_s) }))),
    (a, b) => a.from_s - b.from_s,
  );
  let last_s = cut_s;
  for (let left = pieces.length; left > 0; left--) {
    const next = free.pop();
    if (!next) break;
    const toys = queues[next.kind]?.pop() ?? queues.find((one) => one.length > 0)?.pop() ?? 0;
    next.from_s += shardSeconds(next.slot, toys);
    last_s = Math.max(last_s, next.from_s);
    next.from_s += next.slot.gap_s;
    free.push(next);
  }
  return last_s;
}

/** Relative difference of two makespans that no plan can distinguish. */
export const TOLERANCE = 0.02;

/** Returns the time of a shard with the shortest makespan; of equally short ones the longest; null: none fits. */
export function bestMinutes(planned: readonly PlannedMinutes[]): number | null {
  const best_s = Math.min(...planned.map(({ makespan_s }) => makespan_s));
  return planned.findLast(({ makespan_s }) => makespan_s <= best_s * (1 + TOLERANCE))?.shard_minutes ?? null;
}
