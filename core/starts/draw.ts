import { randomLcg } from "d3-random";

/** Source of random numbers in [0, 1), the same for the same seed. */
type Random = () => number;

/** Returns the random numbers of one candidate for a start. @param seed the run's */
export const randomOf = (seed: number, candidate: number): Random =>
  // A fraction of the golden ratio keeps seeds that follow one another apart.
  randomLcg(((seed % 2 ** 32) * 0.6180339887498949 + candidate * 0.7548776662466927) % 1);

/** A parameter of a model whose start is drawn. */
export interface DrawnParameter {
  name: string;
  init: number;
  bounds: readonly [number, number];
}

/** Bounds that differ by more than this factor are those of a scale, which is drawn in the logarithm. */
const SCALE_FACTOR = 4;

/** The POI is drawn small: minima with small signals are those that other starts leave. */
const POI_RANGE = [0.02, 1.5] as const;

/** Returns whether a candidate keeps the spec's own init: every fourth does, which is as good or better with signal. */
export const keepsInit = (candidate: number): boolean => candidate % 4 === 0;

/** Draws the values at which the fit of a candidate's data begins, within the bounds of the parameters. */
export function drawInit(parameters: readonly DrawnParameter[], poi: string, random: Random): Record<string, number> {
  return Object.fromEntries(
    parameters.map((one) => [one.name, one.name === poi ? drawPoi(one, random) : drawValue(one.bounds, random)]),
  );
}

function drawPoi({ bounds: [lo, hi] }: DrawnParameter, random: Random): number {
  const [least, most] = [Math.max(lo, POI_RANGE[0]), Math.min(hi, POI_RANGE[1])];
  return least < most ? drawLog(least, most, random) : drawValue([lo, hi], random);
}

function drawValue([lo, hi]: readonly [number, number], random: Random): number {
  if (lo > 0 && hi / lo > SCALE_FACTOR) return drawLog(lo, hi, random);
  if (hi < 0 && lo / hi > SCALE_FACTOR) return -drawLog(-hi, -lo, random);
  return lo + (hi - lo) * random();
}

const drawLog = (lo: number, hi: number, random: Random): number => lo * (hi / lo) ** random();

/** Where the signal of a channel is, as one process of its spec has it: parameters of the peak, events at POI 1. */
export interface Peak {
  column: string;
  mean: string;
  sigma: string;
  base_yield: number;
}

/** Events of a drawn peak, in standard deviations of what lies below it: fewer leave its fit to fluctuations beside it. */
const PEAK_SIGMA = 2.5;

/** Largest share of the rows that become events of a peak. */
const MOST_PEAK = 0.5;

/**
 * Puts a peak at the drawn values of its parameters into drawn rows, in place of some of them, so that the fit of these
 * data ends there: fluctuations of the observed rows alone lead all fits to the same few places.
 * @returns the rows
 */
export function withPeak(
  rows: readonly Record<string, number>[],
  { column, base_yield }: Pick<Peak, "column" | "base_yield">,
  at: { mean: number; sigma: number; poi: number; bounds: readonly [number, number] },
  random: Random,
): Record<string, number>[] {
  const near = rows.filter((row) => Math.abs((row[column] ?? Infinity) - at.mean) < 2 * at.sigma).length;
  const wanted = Math.max(3, at.poi * base_yield, PEAK_SIGMA * Math.sqrt(near));
  const n_events = Math.floor(Math.min(wanted, MOST_PEAK * rows.length));
  // The rows are in no order: its first ones are as good as any.
  return rows.map((row, i) => i < n_events ? { ...row, [column]: drawWithin(at, random) } : row);
}

/** Draws from a normal distribution within bounds, which its mean is in. */
function drawWithin(
  { mean, sigma, bounds: [lo, hi] }: { mean: number; sigma: number; bounds: readonly [number, number] },
  random: Random,
): number {
  for (let tries = 0; tries < 100; tries++) {
    const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
    const value = mean + sigma * normal;
    if (value > lo && value < hi) return value;
  }
  return Math.min(hi, Math.max(lo, mean));
}

/** Draws numbers of rows with replacement. @returns n_drawn numbers below n_rows */
export const drawRows = (n_rows: number, n_drawn: number, random: Random): number[] =>
  Array.from({ length: n_drawn }, () => Math.min(n_rows - 1, Math.floor(random() * n_rows)));
