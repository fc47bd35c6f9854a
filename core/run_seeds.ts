import type { HistoryEntry, Manifest } from "./contracts/manifest.ts";
import { joinRanges, type SeedRange } from "./merge/toy_ranges.ts";

/** From this toy of a run on seeds are consecutive, beginning with this one. */
interface SeedPart {
  toy_start: number;
  seed: number;
}

/** What tells a run's seeds: toy k has seed + k, unless an extension had to take others. */
type Seeded = Pick<Manifest, "seed"> & { farm?: { history: readonly HistoryEntry[] } | undefined };

function seedParts({ seed, farm }: Seeded): SeedPart[] {
  const moved = (farm?.history ?? []).flatMap(({ n_toys_before: toy_start, seed }) =>
    toy_start === undefined || seed === undefined ? [] : [{ toy_start, seed }]
  );
  return [{ toy_start: 0, seed }, ...moved];
}

/** Returns the seed of toy `toy` of a run. */
export const seedOf = (run: Seeded, toy: number): number => seedsOf(run)(toy);

/** Returns what tells the seed of each toy of a run, for whoever asks for thousands. */
export function seedsOf(run: Seeded): (toy: number) => number {
  const parts = seedParts(run);
  return (toy) => {
    const { toy_start, seed } = parts.findLast((part) => part.toy_start <= toy) ?? { toy_start: 0, seed: run.seed };
    return seed + toy - toy_start;
  };
}

/** Returns the seeds of all toys of a run, in toy order. */
export function runSeeds({ plans }: { plans: readonly SeedRange[] }): SeedRange[] {
  return joinRanges(plans);
}

/**
 * Returns the first `n` consecutive seeds from `from` on of which none is taken.
 * @param taken in any order
 */
export function freeSeeds(from: number, n: number, taken: readonly SeedRange[]): number {
  return joinRanges(taken).reduce(
    (seed, range) => range.seed < seed + n && range.seed + range.n_toys > seed ? range.seed + range.n_toys : seed,
    from,
  );
}
