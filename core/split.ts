import { FarmError } from "./errors.ts";

export interface ToyRange {
  start: number;
  count: number;
}

/**
 * Splits n toys over k shards as `nextstat --shard I/K` does: each gets n div k, the first n mod k one more.
 * @throws {FarmError} usage, when there are more shards than toys
 */
export function splitToys(n: number, k: number): ToyRange[] {
  if (k > n) {
    throw new FarmError(
      "usage",
      `Cannot split ${n} toys into ${k} shards: every shard needs at least one toy`,
      `Use --shards ${n} or fewer`,
    );
  }
  const base = Math.floor(n / k);
  const longer = n % k;
  return Array.from({ length: k }, (_, i) => ({
    start: i * base + Math.min(i, longer),
    count: base + (i < longer ? 1 : 0),
  }));
}

/** Cuts a range into `pieces` (at least 1 toy each; fewer pieces where it has fewer toys). */
export function cutRange(range: ToyRange, pieces: number): ToyRange[] {
  return splitToys(range.count, Math.min(pieces, range.count))
    .map(({ start, count }) => ({ start: range.start + start, count }));
}
