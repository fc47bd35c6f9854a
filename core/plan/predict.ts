// @ts-types="@types/d3-array"
import { mean, quantileSorted } from "d3-array";
// @ts-types="@types/d3-random"
import { randomLcg, randomNormal } from "d3-random";
import type { PlannedCount } from "../contracts/plan.ts";
import { splitToys } from "../split.ts";
import type { Spread } from "./pilot.ts";
import { type PlanSlot, pulledSchedule, type Schedule, staticSchedule } from "./makespan.ts";

/** So many draws of the toys' times are tried; fewer where there are many shards. */
const DRAWS = 31;
const MOST_SHARDS_DRAWN = 60_000;

/** What a count comes to in time; what of it is CPU time, the pilot tells. */
type Prediction = Pick<
  PlannedCount,
  "shards" | "pulled_makespan_s" | "static_makespan_s" | "max_shard_elapsed_s" | "slot_s" | "startup_share"
>;

/**
 * What so many shards come to.
 * @param spread null: not known, and then neither is between what the makespan will lie
 * @throws {FarmError} usage, when there are more shards than toys
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
    static_makespan_s: staticSchedule(toys, used).makespan_s,
    // The median as well: no draw's longest shard is longer than its makespan, so neither is that of all.
    max_shard_elapsed_s: quantileSorted(ascending(drawn, (one) => one.longest_shard_s), 0.5) ?? NaN,
    slot_s,
    startup_share: shards * startup_s / slot_s,
  };
}

const ascending = (drawn: readonly Schedule[], pick: (one: Schedule) => number): number[] =>
  drawn.map(pick).sort((a, b) => a - b);

/** The same draws for the same shards: a plan is the same each time. */
function draws(toys: Float64Array, slots: readonly PlanSlot[], spread: Spread | null): Schedule[] {
  if (spread === null || (spread.toy === 0 && spread.shard === 0)) return [pulledSchedule(toys, slots)];
  const n = Math.max(3, Math.min(DRAWS, Math.floor(MOST_SHARDS_DRAWN / toys.length)));
  const normal = randomNormal.source(randomLcg(0.5))(0, 1);
  return Array.from({ length: n }, () => {
    // The sum of n independent times has the deviation of one times the root of n.
    const effective = toys.map((count) =>
      Math.max(0, count * (1 + Math.hypot(spread.toy / Math.sqrt(count), spread.shard) * normal()))
    );
    return pulledSchedule(effective, slots);
  });
}

/** Shard counts to look at: 1 to 10,000 in even steps of their logarithm, and small multiples of the slots. */
export function candidateCounts(n_toys: number, n_slots: number): number[] {
  const steps = [1, 2, 3, 4, 5, 6, 8].flatMap((digit) => [1, 10, 100, 1000].map((power) => digit * power));
  const multiples = [1, 2, 3, 4, 5, 8, 12, 20].map((factor) => factor * n_slots);
  const all = [...steps, 10_000, ...multiples].filter((count) => count <= Math.min(n_toys, 10_000));
  return [...new Set(all)].sort((a, b) => a - b);
}
