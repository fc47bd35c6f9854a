import type { Bounds, FitFinding } from "./schema/fit_quality.ts";
import { finiteOf, moments, quantiles } from "./statistics.ts";

/** The toys of a set, and where they were generated. */
export interface FittedToys {
  /** NaN: no value. */
  poi_hat: Float64Array;
  /** null: not one value. */
  poi_true: number | null;
  /** null: not known. */
  bounds: Bounds | null;
}

/** How many toys there are, and how many of them lie on a bound. */
interface ToysOnBounds {
  n_toys: number;
  n_on_lower: number | null;
  n_on_upper: number | null;
}

/**
 * Chance of a false alarm for each kind of finding, of fits that work: 5 sigma, one-sided, as the field asks of a
 * discovery (L. Lyons, arXiv:1310.1284).
 */
export const FALSE_ALARM = 2.87e-7;
const ALARM_SIGMA = 5;

/** A share on a bound that is not this much above what is expected is left alone: the expectation is itself an estimate. */
const CLEARLY_MORE = 1.5;

/**
 * A mean less than a tenth of the toys' spread from the truth is left alone: such a bias is usual for few events, and
 * adds half a percent to the error.
 */
const SMALL_BIAS = 0.1;

/**
 * So many toys with one and the same value are no chance: of two fits that move no two agree to the last bit, and on a
 * bound, with the truth elsewhere, at most half of all toys is expected.
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

/** What speaks against the fits of some toys; nothing does where the list is empty. */
export function fitFindings(toys: FittedToys, on: ToysOnBounds): FitFinding[] {
  const values = finiteOf(toys.poi_hat);
  const ends = endsOf(values);
  if (values.length > 0 && ends.least === ends.most) return allEqual(toys, ends.least, values.length);
  if (toys.poi_true === null) return [];
  // Millions of toys that are well within their bounds need no more than their mean.
  if (!isPiled(ends) && !on.n_on_lower && !on.n_on_upper) return meanFinding(values, toys.poi_true);
  const spread = spreadOf(values, toys.poi_true);
  const found = boundFindings(toys, toys.poi_true, spread, on);
  if (found.length > 0) return found;
  return isPiled(ends) ? medianFinding(values, toys.poi_true, spread) : meanFinding(values, toys.poi_true);
}

/** At the truth itself all toys may lie by chance, as each does with half the probability where that is a bound. */
function allEqual({ poi_true, bounds }: FittedToys, value: number, n: number): FitFinding[] {
  const fewest = value === poi_true ? Math.ceil(-Math.log2(FALSE_ALARM)) : MIN_EQUAL;
  if (n < fewest) return [];
  const expected = value === poi_true ? n / 2 : 0;
  if (bounds !== null && value <= bounds[0]) return [{ kind: "lower_bound", value, n, expected, error: null }];
  if (bounds !== null && value >= bounds[1]) return [{ kind: "upper_bound", value, n, expected, error: null }];
  return [{ kind: "all_equal", value, n, expected: null, error: null }];
}

/** Least and greatest value, and how many toys have each: a bound, known or not, shows as many toys on one value. */
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

/** How far fits scatter about the truth to one side of it, as a Gaussian's sigma, no less than it may be. */
interface Side {
  sigma: number;
  /** Whether more than half of this side lies on its end: then sigma is at least that. */
  is_cut: boolean;
}

interface Spread {
  below: Side;
  above: Side;
}

/** With fewer toys than this a side tells nothing. */
const MIN_OF_SIDE = 5;

/** The median of |x| of a unit Gaussian, and by what a sigma made from it is uncertain, times the root of the count. */
const MEDIAN_DISTANCE = 0.6745;
const MEDIAN_SCATTER = 1.17;

/** The median stays where it is when an end cuts less than half of the side off, a root mean square does not. */
function sideOf(values: Float64Array, truth: number, sign: 1 | -1): Side {
  const distances = values.map((value) => sign * (value - truth)).filter((distance) => distance > 0);
  if (distances.length < MIN_OF_SIDE) return { sigma: Infinity, is_cut: true };
  const [median = NaN, most] = quantiles(distances, [0.5, 1]);
  const inflated = 1 + 3 * MEDIAN_SCATTER / Math.sqrt(distances.length);
  return { sigma: median / MEDIAN_DISTANCE * inflated, is_cut: median === most };
}

function spreadOf(values: Float64Array, truth: number): Spread {
  return { below: sideOf(values, truth, -1), above: sideOf(values, truth, 1) };
}

function boundFindings({ bounds }: FittedToys, truth: number, spread: Spread, on: ToysOnBounds): FitFinding[] {
  if (bounds === null) return [];
  const { n_toys, n_on_lower, n_on_upper } = on;
  const [lower, upper] = bounds;
  const both = Math.max(spread.below.sigma, spread.above.sigma);
  // The side away from a bound is not cut off by it, nor moved by fits that are stuck on it.
  const away = ({ sigma, is_cut }: Side) => is_cut ? both : sigma;
  return [
    ...onBound("lower_bound", lower, n_on_lower ?? 0, n_toys, mostOnBound(truth - lower, away(spread.above))),
    ...onBound("upper_bound", upper, n_on_upper ?? 0, n_toys, mostOnBound(upper - truth, away(spread.below))),
  ];
}

/**
 * The greatest share of toys that can be expected on a bound: one half where it is the truth itself, and Gauss's bound on
 * the tail of any distribution with one symmetric peak, 4/9 (spread / distance)^2 for both sides, further away
 * (C. F. Gauss 1823; D. F. Vysochanskij and Y. I. Petunin 1980): 5.6 % at 2 sigma, where a Gaussian has 2.3 %; 0.9 % at 5.
 */
function mostOnBound(distance: number, spread: number): number {
  return distance <= 0 ? 0.5 : Math.min(0.5, 2 / 9 * (spread / distance) ** 2);
}

function onBound(kind: FitFinding["kind"], value: number, n: number, n_toys: number, most: number): FitFinding[] {
  const share = n / n_toys;
  if (n === 0 || share < CLEARLY_MORE * most || chanceOfMore(n, n_toys, most) > FALSE_ALARM) return [];
  return [{ kind, value, n, expected: most * n_toys, error: null }];
}

/** At most this is the chance of n or more of n_toys where each has the chance p (Chernoff's bound of the binomial tail). */
function chanceOfMore(n: number, n_toys: number, p: number): number {
  const share = n / n_toys;
  if (share <= p) return 1;
  const rest = share < 1 ? (1 - share) * Math.log((1 - share) / (1 - p)) : 0;
  return Math.exp(-n_toys * (share * Math.log(share / p) + rest));
}

/** A mean far from the truth. */
function meanFinding(values: Float64Array, truth: number): FitFinding[] {
  const summary = moments(values);
  if (!summary || values.length < 2) return [];
  const { mean, std } = summary;
  return centreFinding("mean", mean, truth, std, std / Math.sqrt(values.length - 1), values.length);
}

/** Of a median, by that of a mean: the error of the median of many Gaussian values. */
const MEDIAN_ERROR = Math.sqrt(Math.PI / 2);

/** Toys that are piled up on an end move the mean, and not the median: that one counts then. */
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

/** Student's t as Gaussian sigmas of the same chance (D. L. Wallace, Ann. Math. Stat. 30 (1959) 1124). */
function sigmasOfT(t: number, freedom: number): number {
  return (8 * freedom + 1) / (8 * freedom + 3) * Math.sqrt(freedom * Math.log1p(t * t / freedom));
}
