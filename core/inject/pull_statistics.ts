import type { Estimate, ToyRate } from "../schema/inject.ts";
import { clopperPearson, type Distributions, MEDIAN_ERROR, moments } from "../statistics.ts";

/** Returns k of n with its interval of 68 %. @param n 1 or more */
export const rateOf = (k: number, n: number, distributions: Distributions): ToyRate => ({
  k,
  n,
  p: k / n,
  interval: clopperPearson(k, n, distributions),
});

/** Mean, width and median of some values with their errors; null without two values. */
export interface PullSpread {
  n: number;
  mean: Estimate;
  /** Its error holds for any distribution with a fourth moment. */
  width: Estimate;
  median: Estimate;
}

/** Returns mean, width and median of finite values; null for fewer than two, or equal ones. */
export function spreadOfValues(values: Float64Array): PullSpread | null {
  const found = moments(values);
  if (!found || found.n_ok < 2 || !(found.std > 0)) return null;
  const { n_ok: n, mean, std, q50 } = found;
  const width = std * Math.sqrt(n / (n - 1));
  const error = width / Math.sqrt(n);
  return {
    n,
    mean: { value: mean, error },
    width: { value: width, error: widthError(values, mean, width) },
    median: { value: q50, error: MEDIAN_ERROR * error },
  };
}

/**
 * Returns the error of a standard deviation by the fourth moment: var(s^2) = (m4 - s^4 (n - 3) / (n - 1)) / n (PDG, review of
 * statistics, estimators for mean and variance), at least that of Gaussian values.
 */
function widthError(values: Float64Array, mean: number, width: number): number {
  const n = values.length;
  let m4 = 0;
  for (let i = 0; i < n; i++) m4 += ((values[i] ?? NaN) - mean) ** 4 / n;
  const variance = (m4 - width ** 4 * (n - 3) / (n - 1)) / n;
  // Few values rarely have the outliers that the fourth moment is about.
  return Math.max(Math.sqrt(Math.max(0, variance)) / (2 * width), width / Math.sqrt(2 * n));
}

/** Returns the probability of |pull| < limit for Gaussian pulls. */
export function gaussianCoverage(
  limit: number,
  { mean, width }: { mean: number; width: number },
  { normalCdf }: Pick<Distributions, "normalCdf">,
): number {
  return normalCdf((limit - mean) / width) - normalCdf((-limit - mean) / width);
}
