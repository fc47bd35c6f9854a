// @ts-types="@types/d3-array"
import { max, thresholdFreedmanDiaconis } from "d3-array";
// @ts-types="@types/d3-scale"
import { scaleLinear } from "d3-scale";
import { rounded } from "../../format.ts";
import { type Markup, markup, px } from "../markup.ts";
import { type Axis, type Frame, HALF, plot, type Scale, xAxis, xRange, yAxis, yRange } from "../plot.ts";

interface Histogram {
  label: string;
  x_label: string;
  y_label: string;
  values: Float64Array;
  /** Values that must be on the axis too. */
  shown?: readonly number[];
  colour: string;
  x_format?: Axis["format"];
  /** Further marks, drawn above the bars. @param bin_width of a bar, in the values' unit */
  marks?: (frame: Frame, x: Scale, y: Scale, bin_width: number) => Markup[];
}

const MOST_BINS = 60;

/** Above this many values their rule asks for more bars than can be drawn, and is not asked. */
const MANY = 20_000;

/** Bars of equal width, as many as Freedman and Diaconis (1981) ask for, at most 60. */
export function histogram({ values, shown = [], marks, colour, ...words }: Histogram): Markup {
  const frame = HALF;
  const x = scaleLinear(extentOf(values, shown), xRange(frame)).nice();
  const [from = 0, to = 1] = x.domain();
  const counts = countsIn(values, from, to);
  const y = scaleLinear([0, max(counts) ?? 1], yRange(frame)).nice();
  const edge = (i: number) => from + (to - from) * i / counts.length;
  const bars = counts.map((count, i): Markup | null => {
    if (count === 0) return null;
    const [left, right, top] = [x(edge(i)), x(edge(i + 1)), y(count)];
    const title = `${rounded(edge(i), 4)} to ${rounded(edge(i + 1), 4)}: ${count}`;
    return markup`<rect class="mark gap" fill="var(--${colour})" x="${px(left)}" y="${px(top)}" width="${
      px(Math.max(0.5, right - left))
    }" height="${px(y(0) - top)}"><title>${title}</title></rect>`;
  });
  return plot(frame, words.label, [
    yAxis(frame, { scale: y, label: words.y_label }),
    ...bars,
    ...marks?.(frame, x, y, (to - from) / counts.length) ?? [],
    xAxis(frame, { scale: x, label: words.x_label, ...(words.x_format ? { format: words.x_format } : {}) }),
  ]);
}

/** How many values lie in each bar; the last one has its upper edge too. */
function countsIn(values: Float64Array, from: number, to: number): number[] {
  const wanted = values.length > MANY ? MOST_BINS : thresholdFreedmanDiaconis([...values], from, to);
  const n = Math.max(1, Math.min(MOST_BINS, Number.isFinite(wanted) ? wanted : 1));
  const counts = new Array<number>(n).fill(0);
  for (const value of values) {
    const at = Math.min(n - 1, Math.floor((value - from) / (to - from) * n));
    counts[at] = (counts[at] ?? 0) + 1;
  }
  return counts;
}

/** Between what all values lie; not empty, also where they are equal. */
function extentOf(values: Iterable<number>, more: Iterable<number> = []): [number, number] {
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
