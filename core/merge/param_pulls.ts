import * as z from "../schema/zod.ts";
import { Count } from "../schema/enums.ts";

const Entries = z.array(z.nullable(z.number()));

/** nextstat's summary.pulls_by_param: one entry per parameter; null if pulls were not requested or none exist. */
export const ParamPulls = z.looseObject({
  n_ok: Entries,
  mean: Entries,
  std: Entries,
  frac_abs_lt_1: Entries,
  frac_abs_lt_2: Entries,
});
export type ParamPulls = z.infer<typeof ParamPulls>;

/** Binary digits after the point in `sum`; `sum_of_squares` has twice as many. */
const FRACTION_BITS = 128;
const SCALE = 2 ** FRACTION_BITS;
const GUARD_BITS = 64n;

const WholeNumber = z.string().check(z.regex(/^-?\d{1,1000}$/));

/**
 * merge.farm.pull_sums: one entry per parameter, null without pulls. `sum` is the sum of all pulls in units of 2^-128,
 * `sum_of_squares` that of their squares in units of 2^-256, both whole numbers: sums are exact in any order, and a
 * merge of merges has the means of a merge of the shards. `within_1` and `within_2` count toys.
 */
export const PullSums = z.array(z.nullable(z.looseObject({
  n_ok: Count,
  sum: WholeNumber,
  sum_of_squares: WholeNumber,
  within_1: Count,
  within_2: Count,
})));
export type PullSums = z.infer<typeof PullSums>;

/** Sums over one parameter's pulls. */
interface Sums {
  n_ok: number;
  sum: bigint;
  sum_of_squares: bigint;
  within_1: number;
  within_2: number;
}

/** Pulls of a source: nextstat's summary of a shard, or the sums of a merged document. */
export type PartPulls = { means: ParamPulls } | { sums: PullSums };

/** Adds up the sources' pulls; outputs have individual pulls only of the POI. */
export function addPulls(parts: readonly PartPulls[], n_parameters: number): PullSums {
  return Array.from({ length: n_parameters }, (_, i) => {
    const total = added(parts.flatMap((part) => sumsAt(part, i) ?? []));
    return total && { ...total, sum: `${total.sum}`, sum_of_squares: `${total.sum_of_squares}` };
  });
}

/** Returns the sums in the form of nextstat's summary; equals an unsharded run's except for rounding. */
export function pullMeans(sums: PullSums): ParamPulls {
  const each = (of: (one: Sums) => number) => sums.map((one) => one && of(readSums(one)));
  return {
    n_ok: each(({ n_ok }) => n_ok),
    mean: each(({ n_ok, sum }) => Number((sum << GUARD_BITS) / BigInt(n_ok)) / SCALE / 2 ** Number(GUARD_BITS)),
    std: each(stdOf),
    frac_abs_lt_1: each(({ n_ok, within_1 }) => within_1 / n_ok),
    frac_abs_lt_2: each(({ n_ok, within_2 }) => within_2 / n_ok),
  };
}

/** Divides whole numbers, so that a single shard's mean and std are reproduced to the last digit. */
function stdOf({ n_ok, sum, sum_of_squares }: Sums): number {
  const n = BigInt(n_ok);
  return Math.sqrt(Number((n * sum_of_squares - sum * sum) / (n * n))) / SCALE;
}

const readSums = (one: NonNullable<PullSums[number]>): Sums => ({
  ...one,
  sum: BigInt(one.sum),
  sum_of_squares: BigInt(one.sum_of_squares),
});

function sumsAt(part: PartPulls, i: number): Sums | undefined {
  if ("means" in part) return sumsOfMeans(part.means, i);
  const sums = part.sums[i];
  return sums ? readSums(sums) : undefined;
}

function sumsOfMeans(part: ParamPulls, i: number): Sums | undefined {
  const [n_ok, mean, std] = [part.n_ok[i], part.mean[i], part.std[i]];
  if (!n_ok || typeof mean !== "number" || typeof std !== "number") return undefined;
  const [n, m, s] = [BigInt(n_ok), fixed(mean), fixed(std)];
  // nextstat's fraction of n toys is k/n with a whole k.
  const within = (fractions: (number | null)[]) => Math.round((fractions[i] ?? 0) * n_ok);
  return {
    n_ok,
    sum: n * m,
    sum_of_squares: n * (s * s + m * m),
    within_1: within(part.frac_abs_lt_1),
    within_2: within(part.frac_abs_lt_2),
  };
}

/** Largest |pull| that counts: beyond it the square could not be represented, and no fit yields such a pull. */
const LARGEST = 1e100;

/** Exact for |value| >= 2^-76. */
const fixed = (value: number): bigint => BigInt(Math.abs(value) <= LARGEST ? Math.round(value * SCALE) : 0);

function added(parts: readonly Sums[]): Sums | null {
  const total: Sums = { n_ok: 0, sum: 0n, sum_of_squares: 0n, within_1: 0, within_2: 0 };
  for (const part of parts) {
    total.n_ok += part.n_ok;
    total.sum += part.sum;
    total.sum_of_squares += part.sum_of_squares;
    total.within_1 += part.within_1;
    total.within_2 += part.within_2;
  }
  return total.n_ok > 0 ? total : null;
}
