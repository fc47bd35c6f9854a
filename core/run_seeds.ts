import type { HistoryEntry, Manifest } from "./schema/manifest.ts";

/** The members of a manifest that determine its seeds: toy k has seed + k, unless an extension needed other seeds. */
type Seeded = Pick<Manifest, "seed"> & { farm?: { history: readonly HistoryEntry[] } | undefined };

/** Returns the first toy of each part of a run with consecutive seeds, with its seed. */
function seedParts({ seed, farm }: Seeded): { toy_start: number; seed: number }[] {
  const moved = (farm?.history ?? []).flatMap(({ n_toys_before: toy_start, seed }) =>
    toy_start === undefined || seed === undefined ? [] : [{ toy_start, seed }]
  );
  return [{ toy_start: 0, seed }, ...moved];
}

export const seedOf = (run: Seeded, toy: number): number => seedsOf(run)(toy);

/** Returns a function from toy to seed; cheaper than seedOf() for thousands of toys. */
export function seedsOf(run: Seeded): (toy: number) => number {
  const parts = seedParts(run);
  return (toy) => {
    const { toy_start, seed } = parts.findLast((part) => part.toy_start <= toy) ?? { toy_start: 0, seed: run.seed };
    return seed + toy - toy_start;
  };
}
