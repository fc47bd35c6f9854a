import { FarmError } from "../errors.ts";
import { joinRanges, type SeedRange } from "../toy_ranges.ts";
import type { Workload } from "./workload.ts";

type Seeded = Pick<Workload, "name" | "seed_offsets">;

/** Returns all seeds from which toys with these seeds are drawn: a toy may be drawn once for each of several hypotheses. */
export const drawnSeeds = <T extends SeedRange>({ seed_offsets }: Seeded, ranges: readonly T[]): T[] =>
  ranges.flatMap((range) => seed_offsets.map((offset) => ({ ...range, seed: range.seed + offset })));

/**
 * Returns the first of `n` consecutive seeds at or above `from` of which none draws a toy that is drawn already.
 * @param drawn seeds that are not free, in any order
 */
export function freeSeedsOf({ seed_offsets }: Seeded, from: number, n: number, drawn: readonly SeedRange[]): number {
  const taken = drawn.flatMap(({ seed, n_toys }) => seed_offsets.map((offset) => ({ seed: seed - offset, n_toys })));
  return joinRanges(taken).reduce(
    (seed, range) => range.seed < seed + n && range.seed + range.n_toys > seed ? range.seed + range.n_toys : seed,
    from,
  );
}

/** Returns the largest number of toys with neighbouring seeds of which no two are drawn from the same seed. */
export function mostToys({ seed_offsets }: Seeded): number {
  const sorted = seed_offsets.toSorted((a, b) => a - b);
  return sorted.slice(1).reduce((least, offset, i) => Math.min(least, offset - (sorted[i] ?? 0)), Infinity);
}

/** Refuses more toys than have own seeds, and seeds that a number does not hold exactly. @throws {FarmError} usage */
export function refuseSeeds(workload: Seeded, { seed, n_toys }: SeedRange): void {
  const { name, seed_offsets } = workload;
  const most = mostToys(workload);
  if (n_toys > most) {
    throw new FarmError("usage", `Cannot run ${n_toys} toys with ${name}: at most ${most} have seeds of their own`);
  }
  const last = seed + n_toys - 1 + Math.max(...seed_offsets);
  if (last < Number.MAX_SAFE_INTEGER) return;
  throw new FarmError("usage", `Cannot use --seed ${seed}: the last seed, ${last}, must be below 2^53`);
}
