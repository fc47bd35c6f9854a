import type { ShardOutput } from "../read_output.ts";

/** The numbers of all toys that the summary is made of, each at its toy's place in the merge; NaN where there is none. */
export interface ToyValues {
  poi_hat: Float64Array;
  /** (poi_hat − poi_true) / poi_sigma of the converged toys with a sigma above 0. */
  pulls: Float64Array;
}

/** Takes in an output whose first toy has the place `at`. */
export function putValues(values: ToyValues, at: number, output: ShardOutput): void {
  const { converged, poi_hat, poi_sigma, frame: { results: { poi_true } } } = output;
  values.poi_hat.set(poi_hat, at);
  for (let i = 0; i < poi_hat.length; i++) {
    const sigma = poi_sigma[i] ?? NaN;
    values.pulls[at + i] = sigma > 0 && converged[i] === true ? ((poi_hat[i] ?? NaN) - poi_true) / sigma : NaN;
  }
}

/** Leaves toys without values. */
export function putNothing(values: ToyValues, at: number, n_toys: number): void {
  values.poi_hat.fill(NaN, at, at + n_toys);
  values.pulls.fill(NaN, at, at + n_toys);
}
