import type { Bounds, FitFinding } from "./schema/fit_quality.ts";
import { finiteOf, MEDIAN_ERROR, moments, quantiles } from "./statistics.ts";

/** Fitted POI values of a set of toys, and the point of generation. */
export interface FittedToys {
  /** NaN: no value. */
  poi_hat: Float64Array;
  /** null: not a single value. */
  poi_true: number | null;
  /** null: unknown. */
  bounds: Bounds | null;
}

/** Number of toys, and of toys on each bound. */
interface ToysOnBounds {
  n_toys: number;
  n_on_lower: number | null;
  n_on_upper: number | null;
}

/**
 * Probability of a false alarm for each kind of finding on valid fits: 5 sigma, one-sided, the field's convention for a
 * discovery (L. Lyons, arXiv:1310.1284).
 */
export const FALSE_ALARM = 2.87e-7;
const ALARM_SIGMA = 5;

/** Smallest ratio of observed to expected share on a bound that counts: the expectation is itself an estimate. */
const CLEARLY_MORE = 1.5;

/**
 * Smallest |mean − truth|, in units of the toys' spread, that counts as a finding: a smaller bias is usual for few
 * events, and adds half a percent to the error.
 */
const SMALL_BIAS = 0.1;

/**
 * Number of equal values that excludes chance: two minimizations that moved never agree to the last bit, and on a
 * bound, with the truth elsewhere, at most half of the toys is expected.
 */
const MIN_EQUAL = 3;

export function toysOnBounds({ poi_hat, bounds }: FittedToys): ToysOnBounds {
  const values = finiteOf(poi_hat);
  if (bounds === null) return { n_toys: values.length, n_on_lower: null, n_on_upper: null };
  const [lower, upper] = bounds;
  let [n_on_lower, n_on_upper] = [0, 0];
  for (let i = 0; i < values.length; i++) {
    const value = values[i] ?? NaN;
    if (value <= lower) n_on_lower++;
    else if (value >= upper) n_on_upper++;
  }
  return { n_toys: values.length, n_on_lower, n_on_upper };
}

/** Returns the findings that speak against the fits of some toys; an empty list if there are none. */
export function fitFindings(toys: FittedToys, on: ToysOnBounds): FitFinding[] {
  const values = finiteOf(toys.poi_hat);
  const ends = endsOf(values);
  if (values.length > 0 && ends.least === ends.most) return allEqual(toys, ends.least, values.length);
  if (toys.poi_true === null) return [];
  // A set of millions of toys well within their bounds needs only its mean.
  if (!isPiled(ends) && !on.n_on_lower && !on.n_on_upper) return meanFinding(values, toys.poi_true);
  const spread = { below: sideOf(values, toys.poi_true, -1), above: sideOf(values, toys.poi_true, 1) };
  const found = boundFindings(toys, toys.poi_true, spread, on);
  if (found.length > 0) return found;
  return isPiled(ends) ? medianFinding(values, toys.poi_true, spread) : meanFinding(values, toys.poi_true);
}

/**
 * Returns a finding if all toys have one value. At the truth itself all toys may lie by chance, each with probability
 * one half where the truth is a bound.
 */
function allEqual({ poi_true, bounds }: FittedToys, value: number, n: number): FitFinding[] {
  const fewest = value === poi_true ? Math.ceil(-Math.log2(FALSE_ALARM)) : MIN_EQUAL;
  if (n < fewest) return [];
  const expected = value === poi_true ? n / 2 : 0;
  if (bounds !== null && value <= bounds[0]) return [{ kind: "lower_bound", value, n, expected, error: null }];
  if (bounds !== null && value >= bounds[1]) return [{ kind: "upper_bound", value, n, expected, error: null }];
  return [{ kind: "all_equal", value, n, expected: null, error: null }];
}

/** Smallest and largest value, and the toys with each: many toys on one value indicate a bound, known or not. */
interface Ends {
  least: number;
  n_least: number;
  most: number;
  n_most: number;
}

// Loops by index, as in statistics.ts: there may be millions of toys.

function endsOf(values: Float64Array): Ends {
  const ends = { least: Infinity, n_least: 0, most: -Infinity, n_most: 0 };
  for (let i = 0; i < values.length; i++) {
    const value = values[i] ?? NaN;
    if (value < ends.least) [ends.least, ends.n_least] = [value, 0];
    if (value > ends.most) [ends.most, ends.n_most] = [value, 0];
    if (value === ends.least) ends.n_least++;
    if (value === ends.most) ends.n_most++;
  }
  return ends;
}

const isPiled = ({ n_least, n_most }: Ends) => n_least > 1 || n_most > 1;

/** Scatter of the fits on one side of the truth, as a Gaussian's sigma (a lower limit if `is_cut`). */
interface Side {
  sigma: number;
  /** Whether more than half of this side lies on its end: sigma is then at least this large. */
  is_cut: boolean;
}

interface Spread {
  below: Side;
  above: Side;
}

/** Smallest number of toys from which one side is used. */
const MIN_OF_SIDE = 5;

/** Median of |x| of a unit Gaussian, and the relative error of a sigma by it, times the root of the count. */
const MEDIAN_DISTANCE = 0.6745;
const MEDIAN_SCATTER = 1.17;

/**
 * Estimates the scatter of one side by the median: an end that cuts less than half of the side off does not move it,
 * unlike a root mean square.
 */
function sideOf(values: Float64Array, truth: number, sign: 1 | -1): Side {
  const distances = values.map((value) => sign * (value - truth)).filter((distance) => distance > 0);
  if (distances.length < MIN_OF_SIDE) return { sigma: Infinity, is_cut: true };
  const [median = NaN, most] = quantiles(distances, [0.5, 1]);
  const inflated = 1 + 3 * MEDIAN_SCATTER / Math.sqrt(distances.length);
  return { sigma: median / MEDIAN_DISTANCE * inflated, is_cut: median === most };
}

function boundFindings({ bounds }: FittedToys, truth: number, spread: Spread, on: ToysOnBounds): FitFinding[] {
  if (bounds === null) return [];
  const { n_toys, n_on_lower, n_on_upper } = on;
  const [lower, upper] = bounds;
  const both = Math.max(spread.below.sigma, spread.above.sigma);
  // The bound does not cut off the opposite side, and fits stuck on the bound do not move it.
  const away = ({ sigma, is_cut }: Side) => is_cut ? both : sigma;
  return [
    ...onBound("lower_bound", lower, n_on_lower ?? 0, n_toys, mostOnBound(truth - lower, away(spread.above))),
    ...onBound("upper_bound", upper, n_on_upper ?? 0, n_toys, mostOnBound(upper - truth, away(spread.below))),
  ];
}

/**
 * Returns the largest share of toys to expect on a bound: one half where the bound is the truth, and farther away
 * Gauss's bound on the tail of any unimodal symmetric distribution, 4/9 (spread / distance)^2 for both sides (C. F.
 * Gauss 1823; D. F. Vysochanskij and Y. I. Petunin 1980): 5.6 % at 2 sigma, where a Gaussian has 2.3 %; 0.9 % at 5.
 */
function mostOnBound(distance: number, spread: number): number {
  return distance <= 0 ? 0.5 : Math.min(0.5, 2 / 9 * (spread / distance) ** 2);
}

function onBound(kind: FitFinding["kind"], value: number, n: number, n_toys: number, most: number): FitFinding[] {
  const share = n / n_toys;
  if (n === 0 || share < CLEARLY_MORE * most || chanceOfMore(n, n_toys, most) > FALSE_ALARM) return [];
  return [{ kind, value, n, expected: most * n_toys, error: null }];
}

/** Returns an upper limit on the probability of n or more of n_toys, each with p (Chernoff, binomial tail). */
function chanceOfMore(n: number, n_toys: number, p: number): number {
  const share = n / n_toys;
  if (share <= p) return 1;
  const rest = share < 1 ? (1 - share) * Math.log((1 - share) / (1 - p)) : 0;
  return Math.exp(-n_toys * (share * Math.log(share / p) + rest));
}

/** Returns a finding if the mean is far from the truth. */
function meanFinding(values: Float64Array, truth: number): FitFinding[] {
  const summary = moments(values);
  if (!summary || values.length < 2) return [];
  const { mean, std } = summary;
  return centreFinding("mean", mean, truth, std, std / Math.sqrt(values.length - 1), values.length);
}

/** Returns a finding if the median is far from the truth; toys piled up on an end move the mean, but not it. */
function medianFinding(values: Float64Array, truth: number, { below, above }: Spread): FitFinding[] {
  const [median = NaN] = quantiles(values, [0.5]);
  const sigma = Math.max(below.sigma, above.sigma);
  return centreFinding("median", median, truth, sigma, MEDIAN_ERROR * sigma / Math.sqrt(values.length), values.length);
}

function centreFinding(
  kind: "mean" | "median",
  value: number,
  truth: number,
  spread: number,
  error: number,
  n: number,
): FitFinding[] {
  const distance = Math.abs(value - truth);
  const is_far = distance > SMALL_BIAS * spread && sigmasOfT(distance / error, n - 1) > ALARM_SIGMA;
  return is_far ? [{ kind, value, n, expected: null, error }] : [];
}

/** Converts Student's t to Gaussian sigmas of the same probability (D. L. Wallace, Ann. Math. Stat. 30 (1959) 1124). */
export function sigmasOfT(t: number, freedom: number): number {
  return (8 * freedom + 1) / (8 * freedom + 3) * Math.sqrt(freedom * Math.log1p(t * t / freedom));
}
