/** nextstat's statistics of a set of numbers. */
export interface Moments {
  n_ok: number;
  mean: number;
  /** Population standard deviation: divided by n. */
  std: number;
  q16: number;
  q50: number;
  q84: number;
}

/** Error of a median divided by the error of a mean, for many Gaussian values. */
export const MEDIAN_ERROR = Math.sqrt(Math.PI / 2);

/**
 * Returns mean, deviation and quantiles of the finite values, or null if there are none. Sums in the given order in two
 * passes, as nextstat 0.10.1 does: equal input gives equal bits.
 */
export function moments(values: Float64Array): Moments | null {
  const finite = finiteOf(values);
  if (finite.length === 0) return null;
  const mean = meanOf(finite);
  const [q16 = NaN, q50 = NaN, q84 = NaN] = quantiles(finite, [0.16, 0.5, 0.84]);
  return { n_ok: finite.length, mean, std: stdOf(finite, mean), q16, q50, q84 };
}

// Loops by index over all toys: an iterator or a callback for each of millions of values takes several times as long.

export function finiteOf(values: Float64Array): Float64Array {
  for (let i = 0; i < values.length; i++) if (!Number.isFinite(values[i])) return values.filter(Number.isFinite);
  return values;
}

function meanOf(values: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i] ?? NaN;
  return sum / values.length;
}

function stdOf(values: Float64Array, mean: number): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) {
    const distance = (values[i] ?? NaN) - mean;
    sum += distance * distance;
  }
  return Math.sqrt(sum / values.length);
}

/** Returns the fraction of values with |value| < limit. */
export function fractionWithin(values: Float64Array, limit: number): number {
  let n = 0;
  for (const value of values) if (Math.abs(value) < limit) n++;
  return n / values.length;
}

/** Returns the rank of the p-quantile of n sorted values: p(n − 1), halves away from zero (seen at n = 6 to 5,000). */
export function quantileRank(n: number, p: number): number {
  return Math.floor(p * (n - 1) + 0.5);
}

/** Number of buckets; of more values than this, only the buckets with the quantiles are sorted, which is faster. */
const BUCKETS = 4096;

/** Returns the sorted values at the quantiles' ranks; `values` (at least one, all finite) stays unchanged. */
export function quantiles(values: Float64Array, ps: readonly number[]): number[] {
  const range = rangeOf(values);
  if (values.length <= BUCKETS || !Number.isFinite(range.width) || range.width === 0) return bySorting(values, ps);
  return byBuckets(values, ps, range);
}

function bySorting(values: Float64Array, ps: readonly number[]): number[] {
  const sorted = values.toSorted();
  return ps.map((p) => sorted[quantileRank(sorted.length, p)] ?? NaN);
}

interface Range {
  least: number;
  width: number;
}

function rangeOf(values: Float64Array): Range {
  let [least, most] = [Infinity, -Infinity];
  for (let i = 0; i < values.length; i++) {
    const value = values[i] ?? NaN;
    if (value < least) least = value;
    if (value > most) most = value;
  }
  return { least, width: most - least };
}

function byBuckets(values: Float64Array, ps: readonly number[], range: Range): number[] {
  const buckets = bucketsOf(values, range);
  const counts = new Uint32Array(BUCKETS);
  for (let i = 0; i < buckets.length; i++) {
    const bucket = buckets[i] ?? 0;
    counts[bucket] = (counts[bucket] ?? 0) + 1;
  }
  return ps.map((p) => {
    let rank = quantileRank(values.length, p);
    let bucket = 0;
    while (rank >= (counts[bucket] ?? 0)) rank -= counts[bucket++] ?? 0;
    return inBucket(values, buckets, bucket, counts[bucket] ?? 0).sort()[rank] ?? NaN;
  });
}

/** Returns the bucket of each value. Buckets grow with the values despite rounding, so their order is the values'. */
function bucketsOf(values: Float64Array, { least, width }: Range): Uint16Array {
  const buckets = new Uint16Array(values.length);
  const scale = (BUCKETS - 1) / width;
  for (let i = 0; i < values.length; i++) buckets[i] = ((values[i] ?? NaN) - least) * scale;
  return buckets;
}

function inBucket(values: Float64Array, buckets: Uint16Array, bucket: number, count: number): Float64Array {
  const inside = new Float64Array(count);
  let n = 0;
  for (let i = 0; i < values.length; i++) if (buckets[i] === bucket) inside[n++] = values[i] ?? NaN;
  return inside;
}

/** Functions of probability distributions; a library of the runtime has them, since only few commands need them. */
export interface Distributions {
  /** Returns x at which the beta distribution of shape a, b has reached the probability p. */
  betaQuantile(p: number, a: number, b: number): number;
  /** Returns the probability of a standard normal value of at most x. */
  normalCdf(x: number): number;
  /** Returns the standard normal value that is not exceeded with probability p. */
  normalQuantile(p: number): number;
}

/** Probability within one standard deviation of a normal distribution. */
const ONE_SIGMA = 0.682689492137086;

/**
 * Returns the interval of a probability of which k of n trials came true (Clopper and Pearson, Biometrika 26 (1934)
 * 404).
 * @param level probability that an interval contains the true value, at least
 */
export function clopperPearson(
  k: number,
  n: number,
  { betaQuantile }: Pick<Distributions, "betaQuantile">,
  level = ONE_SIGMA,
): [number, number] {
  const tail = (1 - level) / 2;
  return [
    k === 0 ? 0 : betaQuantile(tail, k, n - k + 1),
    k === n ? 1 : betaQuantile(1 - tail, k + 1, n - k),
  ];
}
