import { FarmError } from "../../core/errors.ts";
import { duration } from "../../core/format.ts";
import type { StartsCheck } from "../../core/schema/starts.ts";
import { tallyStarts } from "../../core/starts/tally.ts";
import type { StartsSource } from "./data.ts";
import { fitTrial, onAllCores, type TrialRun } from "./fits.ts";
import { validCandidates } from "./make.ts";

/** Other starts of the check, and the data sets that are drawn for them. */
const OTHER_STARTS = 3;
const CANDIDATES = 8;

/** Fewest trial toys that show anything. */
const LEAST_TOYS = 5;

/** Largest CPU time of the check, in seconds. */
const MOST_CPU_S = 8;

/**
 * Returns how many of the wanted trial toys can be afforded: all, or a half, a quarter, …, since a time that varies must
 * not change what the check finds. 0: too few to tell anything.
 * @param toy_s CPU time of a toy; null: unknown
 */
export function affordedToys(wanted: number, toy_s: number | null): number {
  const most = toy_s === null ? wanted : MOST_CPU_S / ((OTHER_STARTS + 1) * Math.max(toy_s, 1e-6));
  let n = wanted;
  while (n > most) n = Math.floor(n / 2);
  return n < LEAST_TOYS ? 0 : n;
}

/**
 * Fits trial toys as nextstat starts and from other starts.
 * @param toy_s time of a toy; null: unknown
 * @returns null where the run has too few toys for trial toys
 * @throws {FarmError} input, where nothing can be compared
 */
export async function checkStarts(
  run: TrialRun,
  source: StartsSource,
  { n_toys: wanted, toy_s }: { n_toys: number; toy_s: number | null },
): Promise<StartsCheck | null> {
  const affordable = affordedToys(wanted, toy_s);
  if (Math.min(wanted, run.manifest.n_toys) < LEAST_TOYS) return null;
  if (affordable < LEAST_TOYS) {
    throw unchecked(`a toy takes ${duration(toy_s ?? 0)}, and the check at most ${MOST_CPU_S} s`);
  }
  const n_toys = Math.min(run.manifest.n_toys, affordable);
  const starts = (await validCandidates(run, source, CANDIDATES)).slice(0, OTHER_STARTS + 1);
  const toys = await onAllCores(starts, ({ spec, name }) => fitTrial(run, spec, { name, n_toys, set: 0 }));
  const [own, ...others] = toys;
  const fitted = others.flatMap((one) => one ?? []);
  if (!own || fitted.length === 0) throw unchecked(`of ${CANDIDATES} data sets none gives another start`);
  const all = [own, ...fitted];
  const { of_toys, starts: [first] } = tallyStarts(all.map(({ nll }) => nll));
  const lowest = of_toys.map((start, toy) => all[start]?.poi_hat[toy] ?? NaN);
  const [poi_mean, poi_mean_lowest] = [own.poi_hat, lowest].map(meanOf);
  // Every fit of the trial toys has failed, and nothing can be said.
  if (poi_mean === undefined || poi_mean_lowest === undefined) {
    throw unchecked("every fit of the trial toys has failed");
  }
  return {
    ...{ n_toys, n_starts: fitted.length, n_lower: first?.n_missed ?? 0, worst_nll: first?.worst_missed_nll ?? 0 },
    ...{ poi_mean, poi_mean_lowest },
  };
}

const unchecked = (why: string): FarmError => new FarmError("input", `Cannot fit trial toys: ${why}`);

/** Returns the mean of the finite values; undefined where there are none. */
function meanOf(values: Iterable<number>): number | undefined {
  const finite = [...values].filter(Number.isFinite);
  return finite.length === 0 ? undefined : finite.reduce((sum, one) => sum + one, 0) / finite.length;
}
