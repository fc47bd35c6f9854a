import type { ToyValues } from "./output.ts";
import type { Bounds } from "./schema/fit_quality.ts";
import { finiteOf, quantiles } from "./statistics.ts";

/** Pulls whose sigma is an error of the fit. */
export interface UsablePulls {
  /** NaN: none. */
  values: Float64Array;
  /** Toys whose POI is on a bound: a gradient is left there, and the Hessian gives no error. */
  n_on_bound: number;
  /** Toys whose sigma is far below those of the others. */
  n_tiny: number;
}

/** A sigma of less than the median divided by this is no error of the same fit. */
export const TINY_SIGMA = 50;

/**
 * Returns the pulls without those that have no usable sigma. On a bound nextstat 0.10.1 falls back to the diagonal of
 * its Hessian and prints sigmas 100 times too small, whose pulls of −500 outweigh all others in a mean.
 * @param poi_true null: not a single value; no sigma can then be compared with the others
 */
export function usablePulls(
  { poi_hat, pulls }: ToyValues,
  { poi_true, bounds }: { poi_true: number | null; bounds: Bounds | null },
): UsablePulls {
  const on = onBounds(poi_hat, pulls, bounds);
  const values = on.n > 0 ? on.values : pulls;
  const least = poi_true === null ? 0 : leastSigma(poi_hat, values, poi_true);
  if (least === 0 || poi_true === null) return { values, n_on_bound: on.n, n_tiny: 0 };
  const kept = values.map((pull, i) => sigmaOf(poi_hat, pull, i, poi_true) < least ? NaN : pull);
  return { values: kept, n_on_bound: on.n, n_tiny: finiteOf(values).length - finiteOf(kept).length };
}

// Loops by index, as in statistics.ts: there may be millions of toys.

function onBounds(poi_hat: Float64Array, pulls: Float64Array, bounds: Bounds | null) {
  const [lower, upper] = bounds ?? [-Infinity, Infinity];
  let [n, values] = [0, pulls];
  for (let i = 0; i < pulls.length; i++) {
    const hat = poi_hat[i] ?? NaN;
    if (Number.isNaN(pulls[i]) || (hat > lower && hat < upper)) continue;
    if (n === 0) values = Float64Array.from(pulls);
    values[i] = NaN;
    n++;
  }
  return { n, values };
}

/** Returns the sigma of a toy by its pull; NaN where the pull is 0, which no sigma makes absurd. */
function sigmaOf(poi_hat: Float64Array, pull: number, i: number, poi_true: number): number {
  return pull === 0 ? NaN : ((poi_hat[i] ?? NaN) - poi_true) / pull;
}

/** Returns the least sigma that is usable; 0: all are. */
function leastSigma(poi_hat: Float64Array, pulls: Float64Array, poi_true: number): number {
  let [least, most] = [Infinity, 0];
  for (let i = 0; i < pulls.length; i++) {
    const sigma = sigmaOf(poi_hat, pulls[i] ?? NaN, i, poi_true);
    if (sigma < least) least = sigma;
    if (sigma > most) most = sigma;
  }
  // Only then can one lie so far below the median.
  if (!(least * TINY_SIGMA < most)) return 0;
  const sigmas = finiteOf(pulls.map((pull, i) => sigmaOf(poi_hat, pull, i, poi_true)));
  const [median = 0] = quantiles(sigmas, [0.5]);
  return median / TINY_SIGMA;
}
