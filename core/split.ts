import { FarmError } from "./errors.ts";
import { plural } from "./format.ts";

/** Toys [start, start + count) of a run. */
export interface ToyRange {
  /** The first of them, counted from 0. */
  start: number;
  /** How many. */
  count: number;
}

/** A run has no more: beyond it its manifest with all results would be longer than what is read (256 MiB). */
export const MOST_SHARDS = 100_000;

/**
 * Refuses more shards than a run can have.
 * @param n_before shards that the run has already
 * @throws {FarmError} usage
 */
export function checkShardCount(k: number, n_before = 0, flag = "--shards"): void {
  const room = MOST_SHARDS - n_before;
  if (k <= room) return;
  const had = n_before > 0 ? ` and this one has ${n_before}` : "";
  throw new FarmError(
    "usage",
    `Cannot make ${k} shards: a run has at most ${MOST_SHARDS}${had}`,
    room > 0 ? `Put more toys into each: ${flag} ${room} or fewer` : "Render a new run with --seed next",
  );
}

/**
 * Splits n toys over k shards as `nextstat --shard I/K` does: each gets n div k, the first n mod k one more.
 * @param flag by which the number of shards was given
 * @throws {FarmError} usage, when there are more shards than toys, or than a run can have
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { splitToys } from "nsfarm-deno";
 * assert.deepEqual(splitToys(10, 3).map(({ count }) => count), [4, 3, 3]);
 * ```
 */
export function splitToys(n: number, k: number, flag = "--shards"): ToyRange[] {
  if (k > n) {
    throw new FarmError(
      "usage",
      `Cannot split ${n} toys into ${k} shards: every shard needs at least one toy`,
      `Use ${flag} ${n} or fewer`,
    );
  }
  checkShardCount(k, 0, flag);
  return Array.from({ length: k }, (_, i) => evenShare(n, k, i));
}

/** So many shards for each slot make the tail of a run a twentieth of it. */
export const SHARDS_PER_SLOT = 20;

/** To start nextstat takes about as long as a few toys: of fewer toys a shard mostly starts. */
const LEAST_TOYS = 10;

/** What shardsForSlots gives on the CPUs of a machine, in words. */
export const DEFAULT_SHARDS = `${SHARDS_PER_SLOT} for each CPU, of at least ${LEAST_TOYS} toys each`;

/** Returns how many shards of n toys to make for slots where nobody says. */
export function shardsForSlots(n: number, slots: number): number {
  return Math.max(1, Math.min(SHARDS_PER_SLOT * slots, Math.floor(n / LEAST_TOYS)));
}

/** Returns a split in words: `10 toys in 3 shards of 3 to 4 toys, seeds 42 to 51`. */
export function splitWords({ seed, plans }: { seed: number; plans: readonly { n_toys: number }[] }): string {
  const counts = plans.map((plan) => plan.n_toys);
  const [least, most] = [Math.min(...counts), Math.max(...counts)];
  const n_toys = counts.reduce((sum, count) => sum + count, 0);
  const each = least === most ? plural(most, "toy") : `${least} to ${most} toys`;
  return `${plural(n_toys, "toy")} in ${plural(plans.length, "shard")} of ${each}, seeds ${seed} to ${
    seed + n_toys - 1
  }`;
}

/** Share i of n toys over k shards. */
export function evenShare(n: number, k: number, i: number): ToyRange {
  const base = Math.floor(n / k);
  const longer = n % k;
  return { start: i * base + Math.min(i, longer), count: base + (i < longer ? 1 : 0) };
}

/**
 * Splits n toys by weights, one share each: the whole part of its quota, and one more for the largest remainders, ties
 * to the earlier one (Hamilton's method). Shares without a toy are left out.
 * @returns the shares in the order of the weights, with the index of the weight
 */
export function splitByWeight(n: number, weights: readonly number[]): (ToyRange & { index: number })[] {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const quotas = weights.map((weight) => n * weight / total);
  const counts = quotas.map(Math.floor);
  const rest = n - counts.reduce((sum, count) => sum + count, 0);
  const order = quotas.map((quota, index) => ({ index, remainder: quota - Math.floor(quota) }));
  order.sort((a, b) => b.remainder - a.remainder || a.index - b.index);
  for (const { index } of order.slice(0, rest)) counts[index] = (counts[index] ?? 0) + 1;
  let start = 0;
  return counts.flatMap((count, index) => {
    const share = { start, count, index };
    start += count;
    return count > 0 ? [share] : [];
  });
}

/**
 * Cuts a range into `pieces` (at least 1 toy each; fewer pieces where it has fewer toys).
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { cutRange } from "nsfarm-deno";
 * assert.deepEqual(cutRange({ start: 20, count: 5 }, 2), [{ start: 20, count: 3 }, { start: 23, count: 2 }]);
 * ```
 */
export function cutRange(range: ToyRange, pieces: number): ToyRange[] {
  return splitToys(range.count, Math.min(pieces, range.count))
    .map(({ start, count }) => ({ start: range.start + start, count }));
}
