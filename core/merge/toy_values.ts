import type { ShardOutput } from "../read_output.ts";

/** The numbers of all toys that the summary is made of, taken in shard after shard, in toy order. */
export class ToyValues {
  #poi_hat: Growing;
  #pulls: Growing;

  /** @param n_toys how many toys are expected; more are taken as well */
  constructor(n_toys: number) {
    this.#poi_hat = new Growing(n_toys);
    this.#pulls = new Growing(0);
  }

  /** POI estimates of all toys so far; NaN where a toy has none. */
  get poi_hat(): Float64Array {
    return this.#poi_hat.values;
  }

  /** (poi_hat − poi_true) / poi_sigma of the converged toys with a sigma above 0; empty where no pulls were asked for. */
  get pulls(): Float64Array {
    return this.#pulls.values;
  }

  add({ converged, poi_hat, poi_sigma, frame }: ShardOutput): void {
    this.#poi_hat.append(poi_hat);
    const { poi_true } = frame.results;
    const pulls = new Float64Array(poi_hat.length);
    let n = 0;
    for (const [i, sigma] of poi_sigma.entries()) {
      if (!(sigma > 0) || converged[i] !== true) continue;
      const pull = ((poi_hat[i] ?? NaN) - poi_true) / sigma;
      if (Number.isFinite(pull)) pulls[n++] = pull;
    }
    if (n > 0) this.#pulls.append(pulls.subarray(0, n), this.#poi_hat.capacity);
  }
}

class Growing {
  #space: Float64Array;
  #used = 0;

  constructor(capacity: number) {
    this.#space = new Float64Array(capacity);
  }

  get capacity(): number {
    return this.#space.length;
  }

  get values(): Float64Array {
    return this.#space.subarray(0, this.#used);
  }

  append(values: Float64Array, at_least = 0): void {
    const wanted = this.#used + values.length;
    if (wanted > this.#space.length) this.#grow(Math.max(wanted, 2 * this.#space.length, at_least));
    this.#space.set(values, this.#used);
    this.#used = wanted;
  }

  #grow(capacity: number): void {
    const space = new Float64Array(capacity);
    space.set(this.values);
    this.#space = space;
  }
}
