import { randomLcg, randomNormal } from "d3-random";
import type { PointToys } from "../../../core/inject/point.ts";

/** Toys of a fit with sigma 0.1 whose pulls are Gaussian. */
export interface Pulled {
  n: number;
  /** A number that tells one set of toys from another. */
  draw: number;
  mean?: number;
  width?: number;
  poi_true?: number;
  bounds?: [number, number];
  /** Toys at the end whose fits did not converge, and those before them without a sigma. */
  failed?: number;
  without_sigma?: number;
}

const SIGMA = 0.1;

/** Returns the merged toys of a point; a fitted POI beyond its bounds lies on them, as a fit ends there. */
export function pulledToys(
  { n, draw, mean = 0, width = 1, poi_true = 1, bounds = [-100, 100], failed = 0, without_sigma = 0 }: Pulled,
): PointToys {
  const pull = randomNormal.source(randomLcg(draw))(mean, width);
  const hats = Array.from({ length: n }, () => poi_true + SIGMA * pull());
  return toysOfHats(hats.map((hat) => Math.min(bounds[1], Math.max(bounds[0], hat))), {
    poi_true,
    bounds,
    n_failed: failed,
    n_without_sigma: without_sigma,
  });
}

interface Told {
  poi_true: number;
  bounds: [number, number] | null;
  n_failed?: number;
  n_without_sigma?: number;
}

/** Returns the merged toys of a point with these fitted values. */
export function toysOfHats(
  hats: readonly number[],
  { poi_true, bounds, n_failed = 0, n_without_sigma = 0 }: Told,
): PointToys {
  const n = hats.length;
  const hasSigma = (i: number) => i < n - n_failed - n_without_sigma;
  return {
    bounds,
    mark: null,
    output: {
      frame: {
        input_schema_version: "nextstat_unbinned_spec_v0",
        parameter_names: ["mu"],
        poi_index: 0,
        gen: { point: "init", params: [poi_true], overrides: { mu: poi_true }, seed: 1, n_toys: n },
        results: {
          ...{ n_toys: n, n_error: 0, n_converged: n - n_failed, n_nonconverged: n_failed, poi_true },
          ...{ converged: [], poi_hat: [], poi_sigma: [], nll: [] },
        },
      },
      converged: hats.map((_, i) => i < n - n_failed),
      poi_hat: Float64Array.from(hats),
      poi_sigma: Float64Array.from({ length: n }, (_, i) => hasSigma(i) ? SIGMA : NaN),
      nll: new Float64Array(n),
    },
  };
}
