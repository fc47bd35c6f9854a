import { duration, textTable } from "../format.ts";
import type { FitQuality } from "../schema/fit_quality.ts";
import type { HypothesisCheck, MergedStarts, RunStarts, StartsCheck } from "../schema/starts.ts";

/** Largest number of starts of a toy. */
export const MOST_STARTS = 64;

/** Share of toys found by one start alone above which a result is marked, where a run requests no other. */
export const MOST_MISSED = 0.01;

/** Share of trial toys with a lower minimum above which a run is marked; sound specs have up to 1 %. */
const MARKED_SHARE = 0.05;

/** Returns whether so many trial toys came out lower that it is no exception; a single one may be. */
const isOften = ({ n_lower, n_toys }: StartsCheck): boolean => n_lower > Math.max(1, MARKED_SHARE * n_toys);

const percent = (share: number): string => `${Number((100 * share).toPrecision(2))} %`;

/** Returns what fits from several starts show of a set, for a person: what each missed, and what may still be missed. */
export function startsNotes(found: MergedStarts): string[] {
  const { k, n_toys, starts, missed_bound, missed_estimate } = found;
  const missed = starts.map(({ n_missed }) => n_missed);
  const worst = Math.max(...starts.map(({ worst_missed_nll }) => worst_missed_nll));
  return [
    `each toy was fitted from ${k} starts; one start alone misses the minimum of ${Math.min(...missed)} to ` +
    `${Math.max(...missed)} of ${n_toys} toys, by up to ${worst.toPrecision(3)} in NLL`,
    `${evidence(found)}: at most ${percent(missed_bound)} (95 %) are missed by ` +
    `all of such starts, about ${percent(missed_estimate)} by Good and Turing's estimate for one more; minima that ` +
    "this fitter never reaches do not count",
  ];
}

/** Returns whether so many toys were found by one start alone, or trial toys missed, that the results are marked. */
export const isMarked = (
  { n_found_by_one, n_toys, n_trial_missed = 0, n_trial_toys = 0, max_missed }: MergedStarts,
): boolean => n_found_by_one > max_missed * n_toys || n_trial_missed > max_missed * n_trial_toys;

/** Returns the check of a run if it shows that fits miss the minimum. */
export const failedCheck = (check: StartsCheck | undefined): StartsCheck | undefined =>
  check && isOften(check) ? check : undefined;

/** Returns why results do not stand without a mark: their fits may miss the minimum; null: nothing shows it. */
export function startsMark(
  { starts, starts_check, poi }: Pick<FitQuality, "starts" | "starts_check" | "poi">,
): string | null {
  if (!starts) return checkNotes(starts_check, poi)[0] ?? null;
  if (!isMarked(starts)) return null;
  const { missed_bound, max_missed } = starts;
  return `up to ${percent(missed_bound)} of the toys may miss their minimum, since ${evidence(starts)}, more than ${
    percent(max_missed)
  }. ${adviceOf(starts)}`;
}

/** Returns what shows that starts miss minima: toys found by one of them alone, and trial toys that other starts lower. */
export function evidence({ n_found_by_one, n_toys, n_trial_missed = 0, n_trial_toys }: MergedStarts): string {
  const trial = n_trial_missed > 0
    ? `, and other starts went lower in ${n_trial_missed} of ${n_trial_toys} trial toys`
    : "";
  return `${n_found_by_one} of ${n_toys} were found by one start alone${trial}`;
}

/** The bound is loose where every toy has minima of its own, so that more starts may not lower it below the threshold. */
const adviceOf = ({ k }: MergedStarts): string =>
  k <= MOST_STARTS / 2
    ? `More starts find more: --starts ${2 * k}`
    : "Compare mean and share at the bound with another minimizer's, on toys of its own";

/** Returns what such checks say of the toys of a hypothesis test; none where they found nothing. */
export const hypothesisMarks = (checks: readonly HypothesisCheck[] = []): string[] =>
  checks.filter(isOften).map((one) => {
    const { hypothesis, mu, n_toys, n_lower, worst_nll, poi_mean, poi_mean_lowest } = one;
    const of = hypothesis === "b" ? "the background alone" : "signal and background";
    return `the fits of ${n_lower} of ${n_toys} trial toys of ${of} (generated at ${mu}) miss the minimum: NLL up to ${
      worst_nll.toPrecision(3)
    } lower from other starts, mean POI ${poi_mean_lowest.toFixed(3)} in place of ${
      poi_mean.toFixed(3)
    }; CLs may be wrong`;
  });

/** Returns what a check of trial toys says to a person; none where it found nothing. */
export function checkNotes(check: StartsCheck | undefined, poi: string): string[] {
  if (!failedCheck(check) || !check) return [];
  const { n_toys, n_lower, worst_nll, poi_mean, poi_mean_lowest } = check;
  return [
    `the fits of ${n_lower} of ${n_toys} trial toys do not find the minimum: from other starts their NLL is lower, by up to ` +
    `${worst_nll.toPrecision(3)}; the mean of ${poi} is ${poi_mean.toFixed(3)} as nextstat starts and ` +
    `${poi_mean_lowest.toFixed(3)} with the lowest fit of each. Fit each toy from several starts: --starts 4, or auto`,
  ];
}

/** Returns how `--starts auto` chose the number of starts, in lines; none where a number was given. */
export function autoLines(starts: RunStarts | undefined): string[] {
  if (!starts?.table || starts.asked !== "auto") return [];
  const rows = starts.table.map((
    { k, n_missed, n_toys, cpu_s },
  ) => [`${k}`, `${n_missed} of ${n_toys}`, duration(cpu_s)]);
  const head = ["starts", "trial toys missed", "CPU time of these"];
  return [`--starts auto takes ${starts.k}:`, ...textTable([head, ...rows], { align: "rrr", indent: "  " })];
}
