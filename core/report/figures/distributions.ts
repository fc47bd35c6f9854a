// @ts-types="@types/d3-array"
import { max, quantile, thresholdFreedmanDiaconis } from "d3-array";
// @ts-types="@types/d3-scale"
import { scaleLinear } from "d3-scale";
// @ts-types="@types/d3-shape"
import { line } from "d3-shape";
import { meanText, rounded, shortDuration, stdText, withError } from "../../format.ts";
import type { Bounds } from "../../schema/fit_quality.ts";
import { TINY_SIGMA, usablePulls } from "../../usable_pulls.ts";
import { doneShards, type RunFacts, type ToyFacts } from "../../run_facts.ts";
import { finiteOf, moments } from "../../statistics.ts";
import {
  type Figure,
  type FigureWords,
  type Frame,
  FULL_WIDTH,
  HALF_WIDTH,
  markLines,
  Markup,
  markup,
  plot,
  px,
  type Scale,
  xAxis,
  xRange,
  yAxis,
  yRange,
} from "../plot.ts";
import { wholeTicks } from "../ticks.ts";

interface Histogram extends Omit<FigureWords, "numbers"> {
  x_label: string;
  y_label: string;
  values: Float64Array;
  /** Values that must lie within the axis too. */
  shown?: readonly number[];
  colour: string;
  /** Further marks, drawn above the bars. @param bin_width of a bar, in the values' unit */
  marks?: (frame: Frame, x: Scale, y: Scale, bin_width: number) => Markup[];
  /** Returns the height of the highest mark, which the axis includes. @param bin_width of a bar, in the values' unit */
  marks_height?: (bin_width: number) => number;
}

const MAX_BINS = 60;

/** Number of values above which the rule asks for more bars than can be drawn, and is not used. */
const MAX_RULE_VALUES = 20_000;

/** Returns bars of equal width, as many as the rule of Freedman and Diaconis (1981) gives, at most 60. */
export function histogram(
  { values, shown = [], marks, marks_height, colour, x_label, y_label, ...words }: Histogram,
): Figure {
  const frame = words.is_wide ? { ...FULL_WIDTH, top: HALF_WIDTH.top } : HALF_WIDTH;
  const x = scaleLinear(extentOf(values, shown), xRange(frame)).nice();
  const [from = 0, to = 1] = x.domain();
  const counts = countsIn(values, from, to);
  const bin_width = (to - from) / counts.length;
  const y = scaleLinear([0, Math.max(2, max(counts) ?? 0, marks_height?.(bin_width) ?? 0)], yRange(frame)).nice();
  const edge = (i: number) => from + (to - from) * i / counts.length;
  const span = (i: number) => `${rounded(edge(i), 4)} to ${rounded(edge(i + 1), 4)}`;
  const bars = counts.map((count, i): Markup | null => {
    if (count === 0) return null;
    const [left, right, top] = [x(edge(i)), x(edge(i + 1)), y(count)];
    const title = `${span(i)}: ${count}`;
    return markup`<rect class="mark gap" fill="var(--${colour})" x="${px(left)}" y="${px(top)}" width="${
      px(Math.max(0.5, right - left))
    }" height="${px(y(0) - top)}"><title>${title}</title></rect>`;
  });
  const rows = counts.flatMap((count, i) => count === 0 ? [] : [[span(i), `${count}`]]);
  return plot(frame, { ...words, numbers: { head: [x_label, y_label], rows } }, [
    yAxis(frame, { scale: y, label: y_label, ticks: wholeTicks(y.domain()[1] ?? 2) }),
    ...bars,
    ...marks?.(frame, x, y, bin_width) ?? [],
    xAxis(frame, { scale: x, label: x_label }),
  ]);
}

/** Counts the values in each bar; the last bar includes its upper edge. */
function countsIn(values: Float64Array, from: number, to: number): number[] {
  const wanted = values.length > MAX_RULE_VALUES ? MAX_BINS : thresholdFreedmanDiaconis([...values], from, to);
  const n = Math.max(1, Math.min(MAX_BINS, Number.isFinite(wanted) ? wanted : 1));
  const counts = new Array<number>(n).fill(0);
  for (const value of values) {
    const at = Math.min(n - 1, Math.floor((value - from) / (to - from) * n));
    counts[at] = (counts[at] ?? 0) + 1;
  }
  return counts;
}

/** Returns the range of all values; not empty even if they are equal. */
function extentOf(values: Iterable<number>, more: Iterable<number>): [number, number] {
  let [least, most] = [Infinity, -Infinity];
  for (const some of [values, more]) {
    for (const value of some) {
      if (value < least) least = value;
      if (value > most) most = value;
    }
  }
  if (!Number.isFinite(least) || !Number.isFinite(most)) return [0, 1];
  if (least < most) return [least, most];
  const room = Math.abs(least) / 10 || 1;
  return [least - room, most + room];
}

/** Returns the histogram of the fitted POI of all toys, with the value at generation. */
export function poiHistogram({ poi_name, poi_true, poi_hat }: ToyFacts, is_wide = false): Figure | null {
  const summary = moments(poi_hat);
  if (!summary) return null;
  const { mean, n_ok } = summary;
  const bias = poi_true === null
    ? ""
    : `; true ${rounded(poi_true, 5)}, bias ${withError(mean - poi_true, summary.std / Math.sqrt(n_ok))}`;
  const caption = `${n_ok} toys: mean ${meanText(summary)}, std ${stdText(summary)}${bias}.`;
  return histogram({
    caption,
    name: "poi",
    title: `Fitted ${poi_name}`,
    what: `Histogram of the fitted ${poi_name} of the toys.`,
    is_wide,
    x_label: poi_name,
    y_label: "toys",
    values: finiteOf(poi_hat),
    shown: poi_true === null ? [] : [poi_true],
    colour: "c2",
    marks: (frame, x) =>
      markLines(frame, x, [
        { value: mean, words: "mean", colour: "ink" },
        ...(poi_true === null ? [] : [{ value: poi_true, words: "true", colour: "second" }]),
      ]),
  });
}

/** Returns the histogram of the pulls with a usable sigma and a unit Gaussian; null if there are none. */
export function pullHistogram(toys: ToyFacts, bounds: Bounds | null): Figure | null {
  const { values: pulls, n_on_bound, n_tiny } = usablePulls(toys, { poi_true: toys.poi_true, bounds });
  const summary = moments(pulls);
  if (!summary) return null;
  const { n_ok } = summary;
  const others = finiteOf(toys.poi_hat).length - n_ok;
  const bound = n_on_bound > 0 ? `, or ${toys.poi_name} is on its bound (${n_on_bound})` : "";
  const tiny = n_tiny > 0 ? `, or their sigma is below 1/${TINY_SIGMA} of the median (${n_tiny})` : "";
  const lack = others > 0
    ? ` NOT OF ALL: ${others} fitted toys have no pull, since their sigma is 0 or no number or they did not converge${bound}${tiny}.`
    : "";
  const caption = `${n_ok} pulls: mean ${meanText(summary)}, std ${stdText(summary)}; line: a unit Gaussian.${lack}`;
  return histogram({
    caption,
    name: "pulls",
    title: "Pulls",
    what: `Histogram of the pulls of the toys.`,
    x_label: "(fitted − true) / sigma",
    y_label: "toys",
    values: finiteOf(pulls),
    shown: [-4, 4],
    colour: "c3",
    marks: (frame, x, y, width) => [gaussian(n_ok * width, frame, x, y)],
    marks_height: (width) => gaussianHeight(n_ok * width, 0),
  });
}

const gaussianHeight = (area: number, value: number): number =>
  area * Math.exp(-value * value / 2) / Math.sqrt(2 * Math.PI);

/** @param area under the curve, in the bars' unit */
function gaussian(area: number, frame: Frame, x: Scale, y: Scale): Markup {
  const [from, to] = [x.invert(frame.left), x.invert(frame.width - frame.right)];
  const points = Array.from({ length: 121 }, (_, i) => from + (to - from) * i / 120);
  const d = line<number>((value) => x(value), (value) => y(gaussianHeight(area, value))).digits(1)(points) ?? "";
  return markup`<path class="line" stroke="var(--ink)" d="${new Markup(d)}"/>`;
}

/** Returns the histogram of the shards' wall times, with their tail. */
export function shardTimes(run: RunFacts): Figure | null {
  const walls = doneShards(run).flatMap(({ wall_s }) => wall_s ?? []);
  const [middle, high] = [quantile(walls, 0.5), quantile(walls, 0.95)];
  if (middle === undefined || high === undefined) return null;
  const longest = walls.reduce((a, b) => Math.max(a, b), 0);
  const caption = `Median ${shortDuration(middle)}, 95 % within ${shortDuration(high)}, the longest ${
    shortDuration(longest)
  } (${(longest / middle).toFixed(2)} times the median): max_shard_elapsed_s, not the makespan.`;
  return histogram({
    caption,
    name: "shard_times",
    title: "Time of a shard",
    what: `Histogram of the shards' wall times.`,
    x_label: "wall time of a shard (s)",
    y_label: "shards",
    values: Float64Array.from(walls),
    colour: "accent",
    marks: (frame, x) =>
      markLines(frame, x, [
        { value: middle, words: "median", colour: "ink" },
        { value: longest, words: "longest", colour: "second" },
      ]),
  });
}
