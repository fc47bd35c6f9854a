import type { HypothesisCheck, MergedStarts, StartsCheck } from "../schema/starts.ts";

/** Share of toys found by one start alone from which on a result is marked. */
const MARKED_MISSED = 0.01;

/** Share of trial toys with a lower minimum from which on a run is marked; sound specs have up to 1 %. */
const MARKED_SHARE = 0.05;

const percent = (share: number): string => `${Number((100 * share).toPrecision(2))} %`;

/** Returns what fits from several starts show of a set, for a person: what each missed, and what may still be missed. */
export function startsNotes(
  { k, n_toys, starts, n_found_by_one, missed_bound, missed_estimate }: MergedStarts,
): string[] {
  const missed = starts.map(({ n_missed }) => n_missed);
  const worst = Math.max(...starts.map(({ worst_missed_nll }) => worst_missed_nll));
  const each =
    `each toy was fitted from ${k} starts; one start alone misses the minimum of ${Math.min(...missed)} to ` +
    `${Math.max(...missed)} of ${n_toys} toys, by up to ${worst.toPrecision(3)} in NLL`;
  const left =
    `${n_found_by_one} toys were found by one start alone: at most ${percent(missed_bound)} (95 %) are missed by ` +
    `all of such starts, about ${
      percent(missed_estimate)
    } by Good and Turing's estimate for one more; minima that this ` +
    "fitter never reaches do not count";
  if (n_found_by_one <= MARKED_MISSED * n_toys) return [each, left];
  return [each, `warning: more than ${percent(MARKED_MISSED)} of the toys may miss their minimum: ${left}`];
}

/** Returns what such checks say of the toys of a hypothesis test; none where they found nothing. */
export const hypothesisMarks = (checks: readonly HypothesisCheck[] = []): string[] =>
  checks.filter((one) => one.n_lower > MARKED_SHARE * one.n_toys).map((one) => {
    const { hypothesis, mu, n_toys, n_lower, worst_nll, poi_mean, poi_mean_lowest } = one;
    return `the fits of ${n_lower} of ${n_toys} trial toys of ${
      hypothesis === "b" ? "the background alone" : "signal and background"
    } (generated at ${mu}) do not find the minimum: from other starts their NLL is lower, by up to ${
      worst_nll.toPrecision(3)
    }, and the mean of the POI is ${poi_mean_lowest.toFixed(3)} in place of ${poi_mean.toFixed(3)}; ` +
      "CLs may be wrong, and a hypothesis test cannot be given other starts";
  });

/** Returns what a check of trial toys says to a person; none where it found nothing. */
export function checkNotes(check: StartsCheck | null, poi: string): string[] {
  if (!check || check.n_lower <= MARKED_SHARE * check.n_toys) return [];
  const { n_toys, n_lower, worst_nll, poi_mean, poi_mean_lowest } = check;
  return [
    `the fits of ${n_lower} of ${n_toys} trial toys do not find the minimum: from other starts their NLL is lower, by up to ` +
    `${worst_nll.toPrecision(3)}; the mean of ${poi} is ${poi_mean.toFixed(3)} as nextstat starts and ` +
    `${poi_mean_lowest.toFixed(3)} with the lowest fit of each. Fit each toy from several starts: --starts 4, or auto`,
  ];
}
