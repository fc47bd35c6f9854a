import { sigmasOfT } from "../fit_findings.ts";
import { percent, rounded, withError } from "../format.ts";
import type { InjectThresholds, ToyRate } from "../schema/inject.ts";
import { clopperPearson, type Distributions } from "../statistics.ts";
import { gaussianCoverage, type PullSpread } from "./pull_statistics.ts";

/** Kinds of evidence that are tested at each point: mean, width, coverage of 1 and 2 sigma, failed fits. */
const N_TESTS = 5;

/** Gaussian quantile of a one-sided confidence of 95 %, at which a point is shown to be acceptable. */
const SHOWN_SIGMA = 1.6449;

/** Median distance of a Gaussian value from its centre, in sigmas. */
const MEDIAN_OFFSET = 0.6745;

/** With fewer pulls their width has no usable error. */
export const MIN_PULLS = 50;

/** What the points of a study are judged by. */
export interface Rules {
  thresholds: InjectThresholds;
  /** Range of coverage that the thresholds allow Gaussian pulls. */
  coverage_range: { sigma_1: [number, number]; sigma_2: [number, number] };
  /** Probability of a false alarm of one test. */
  per_test: number;
  /** The same as a two-sided number of Gaussian sigmas. */
  alarm_sigma: number;
  distributions: Distributions;
}

/**
 * Returns the rules of a study. The rate of false alarms is shared among all tests of all points (Bonferroni), so that
 * any of them is false with at most that probability.
 */
export function rulesOf(thresholds: InjectThresholds, n_points: number, distributions: Distributions): Rules {
  const { max_bias, width_tolerance, false_alarm } = thresholds;
  const per_test = false_alarm / (N_TESTS * n_points);
  // |pull| < limit is least likely for the greatest bias and width, and most likely without bias for the least width.
  const range = (limit: number): [number, number] => [
    gaussianCoverage(limit, { mean: max_bias, width: 1 + width_tolerance }, distributions),
    gaussianCoverage(limit, { mean: 0, width: 1 - width_tolerance }, distributions),
  ];
  return {
    thresholds,
    coverage_range: { sigma_1: range(1), sigma_2: range(2) },
    per_test,
    alarm_sigma: -distributions.normalQuantile(per_test / 2),
    distributions,
  };
}

/**
 * Returns whether more fits than acceptable failed or have no usable sigma, in words; null: no evidence.
 * @param n_without converged fits without a usable sigma
 */
export function failedWords(
  failed: ToyRate,
  n_without: number,
  { thresholds, per_test, distributions }: Rules,
): string | null {
  const [k, n] = [failed.k + n_without, failed.n];
  const [least] = clopperPearson(k, n, distributions, 1 - per_test);
  if (least <= thresholds.max_failed) return null;
  const what = n_without === 0 ? "failed" : `failed (${failed.k}) or have no usable sigma (${n_without})`;
  return `${percent(k / n)} of the fits ${what}, more than ${percent(thresholds.max_failed)}`;
}

/** Returns the evidence against mean and width of the pulls and their coverage, each in words. @param pulls MIN_PULLS or more */
export function pullWords(pulls: PullSpread, coverage: { sigma_1: ToyRate; sigma_2: ToyRate }, rules: Rules): string[] {
  const { max_bias, width_tolerance } = rules.thresholds;
  const { mean, width } = pulls;
  const beyond = [meanExcess(pulls, rules.thresholds), widthExcess(pulls, rules.thresholds)]
    .map((excess) => sigmasOfT(Math.max(0, excess), pulls.n - 1) > rules.alarm_sigma);
  return [
    ...(beyond[0] ? [`the mean pull is ${withError(mean.value, mean.error)}, beyond ${max_bias}`] : []),
    ...(beyond[1]
      ? [`the width of the pulls is ${withError(width.value, width.error)}, ${widthWords(width_tolerance)}`]
      : []),
    ...coverageWords(1, coverage.sigma_1, rules.coverage_range.sigma_1, rules),
    ...coverageWords(2, coverage.sigma_2, rules.coverage_range.sigma_2, rules),
  ];
}

const widthWords = (tolerance: number): string =>
  `outside ${rounded(1 - tolerance, 3)} to ${rounded(1 + tolerance, 3)}`;

/** Returns how far |mean pull| lies above the threshold, in its errors; negative: below it. */
const meanExcess = ({ mean }: PullSpread, { max_bias }: InjectThresholds): number =>
  (Math.abs(mean.value) - max_bias) / mean.error;

/** Returns how far the width lies outside its range, in errors of its logarithm, which is closer to Gaussian. */
function widthExcess({ width }: PullSpread, { width_tolerance }: InjectThresholds): number {
  const error = width.error / width.value;
  return Math.max(
    Math.log(width.value / (1 + width_tolerance)),
    Math.log((1 - width_tolerance) / width.value),
  ) / error;
}

function coverageWords(sigmas: number, { k, n, p }: ToyRate, [least, most]: [number, number], rules: Rules): string[] {
  const [low, high] = clopperPearson(k, n, rules.distributions, 1 - rules.per_test);
  if (low <= most && high >= least) return [];
  return [`${percent(p)} of the pulls are within ${sigmas} sigma, outside ${percent(least)} to ${percent(most)}`];
}

/**
 * Returns the factor by which the toys must grow until mean and width of the pulls are shown to be within or beyond the
 * thresholds, if their estimates stay; 1 or less: they are shown to be within. An estimate closer to its threshold than
 * its error will move, and counts as one error away; where the error is larger than the range, it counts as that of an
 * honest fit, half of which are then shown to be within. Infinity for a range of no width.
 */
export function growthNeeded(pulls: PullSpread, { thresholds, alarm_sigma }: Rules): number {
  const { max_bias, width_tolerance } = thresholds;
  const { mean, width } = pulls;
  const factor = (excess: number, half_range: number): number => {
    const wanted = excess < 0 ? SHOWN_SIGMA : alarm_sigma;
    const growth = (wanted / Math.max(1, Math.abs(excess))) ** 2;
    return Math.abs(excess) > 1 ? growth : Math.max(growth, ((SHOWN_SIGMA + MEDIAN_OFFSET) / half_range) ** 2);
  };
  const half_width = Math.log((1 + width_tolerance) / (1 - width_tolerance)) / 2;
  return Math.max(
    factor(meanExcess(pulls, thresholds), max_bias / mean.error),
    factor(widthExcess(pulls, thresholds), half_width / (width.error / width.value)),
  );
}
