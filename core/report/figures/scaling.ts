// @ts-types="@types/d3-scale"
import { scaleLog } from "d3-scale";
// @ts-types="@types/d3-shape"
import { line } from "d3-shape";
import { rounded, withError } from "../../format.ts";
import type { CountSummary, PointSummary, SweepSummary } from "../../schema/sweep_summary.ts";
import { middle, spreadOf } from "../../sweep/measures.ts";
import {
  type Figure,
  type Frame,
  FULL_WIDTH,
  HALF_WIDTH,
  Markup,
  markup,
  type Numbers,
  plot,
  px,
  type Scale,
  xAxis,
  xRange,
  yAxis,
  yRange,
} from "../plot.ts";
import { countDomain, countTicks, logTicks } from "../ticks.ts";

type Pair = readonly [x: number, y: number];

/** A line of a plot against shard counts. */
interface Series {
  words: string;
  colour: string;
  points: Pair[];
  /** Half the length of the error bar of each point. */
  bars?: (number | null)[];
  look: "line" | "hollow" | "dots" | "cross";
}

interface LogPlot extends Pick<Figure, "name" | "title" | "caption"> {
  is_wide: boolean;
  y_label: string;
  series: Series[];
  singles: Pair[];
}

/** Returns lines against shard counts, both axes logarithmic; null without data. */
function logPlot({ series, singles, y_label, is_wide, ...words }: LogPlot): Figure | null {
  const drawn = series.filter(({ points }) => points.length > 0);
  const all = drawn.flatMap(({ points }) => points);
  if (all.length === 0) return null;
  const frame: Frame = is_wide ? { ...FULL_WIDTH, height: 400, top: 44 } : { ...HALF_WIDTH, height: 330, top: 50 };
  const shards = [...new Set(all.map(([x]) => x))].sort((a, b) => a - b);
  const values = [...all, ...singles].map(([, y]) => y);
  const domain = countDomain(shards);
  const x = scaleLog(domain, xRange(frame));
  const heights: [number, number] = [Math.min(...values) / 1.3, Math.max(...values) * 1.3];
  const y = scaleLog(heights, yRange(frame));
  const what = "Lines over the number of shards, on logarithmic axes.";
  return plot(frame, { ...words, what, is_wide, numbers: numbersOf(shards, drawn, y_label) }, [
    yAxis(frame, { scale: y, label: "", ticks: logTicks(heights) }),
    markup`<text class="muted" x="4" y="${px(frame.top - 10)}">${y_label}</text>`,
    ...singles.map(([at, value]) =>
      markup`<circle class="mark" cx="${px(x(at))}" cy="${px(y(value))}" r="2" fill="var(--ink)" fill-opacity=".45"/>`
    ),
    ...drawn.flatMap((one) => seriesMarks(one, x, y)),
    xAxis(frame, { scale: x, label: "shards", ticks: countTicks(shards, domain, x) }),
    ...legend(drawn, frame),
  ]);
}

const short = (value: number) => rounded(value, 3);

/** Returns a row for each count, with a column for each line. */
function numbersOf(shards: readonly number[], series: readonly Series[], unit: string): Numbers {
  const columns = series.toReversed();
  const rows = shards.map((count) => [
    `${count}`,
    ...columns.map(({ points, bars }) => {
      const i = points.findIndex(([at]) => at === count);
      const value = points[i]?.[1];
      return value === undefined ? "" : withSpread(value, bars?.[i] ?? null);
    }),
  ]);
  return { head: ["shards", ...columns.map(({ words }) => `${words} (${unit})`)], rows };
}

const withSpread = (value: number, spread: number | null) => spread ? withError(value, spread) : rounded(value, 4);

function seriesMarks({ points, bars, colour, look }: Series, x: Scale, y: Scale): Markup[] {
  const d = line<Pair>(([at]) => x(at), ([, value]) => y(value)).digits(1)(points) ?? "";
  const dash = look === "dots" ? " dots" : look === "cross" ? " dash" : "";
  const path = look === "cross"
    ? []
    : [markup`<path class="${`line${dash}`}" stroke="var(--${colour})" d="${new Markup(d)}"/>`];
  const whiskers = points.flatMap(([at, value], i) => {
    const half = bars?.[i] ?? null;
    if (half === null || half <= 0) return [];
    const [top, bottom] = [y(value + half), y(Math.max(value - half, value / 100))];
    const left = x(at);
    return [
      markup`<path class="line" stroke="var(--${colour})" d="M${px(left - 5)} ${px(top)}h10M${px(left)} ${px(top)}V${
        px(bottom)
      }M${px(left - 5)} ${px(bottom)}h10"/>`,
    ];
  });
  const marks = look === "dots"
    ? []
    : points.map(([at, value]) => mark(look, x(at), y(value), colour, `${at} shards: ${short(value)}`));
  return [...path, ...whiskers, ...marks];
}

function mark(look: Series["look"], x: number, y: number, colour: string, words: string): Markup {
  if (look === "cross") {
    return markup`<path class="line halo" d="M${px(x - 6)} ${
      px(y - 6)
    }l12 12m0 -12l-12 12"/><path class="mark line" stroke="var(--${colour})" d="M${px(x - 6)} ${
      px(y - 6)
    }l12 12m0 -12l-12 12"><title>${words}</title></path>`;
  }
  const fill = look === "hollow" ? "card" : colour;
  return markup`<circle class="mark" cx="${px(x)}" cy="${
    px(y)
  }" r="4.5" fill="var(--${fill})" stroke="var(--${colour})" stroke-width="2"><title>${words}</title></circle>`;
}

function legend(series: readonly Series[], frame: Frame): Markup[] {
  let right = frame.width - frame.right;
  return series.map(({ words, colour, look }) => {
    const width = words.length * 6.6 + 40;
    right -= width;
    const dash = look === "dots" ? " dots" : "";
    const sign = look === "cross"
      ? mark(look, right + 11, 16, colour, words)
      : markup`<path class="${`line${dash}`}" stroke="var(--${colour})" d="M${px(right)} 16h22"/>${
        look === "dots" ? null : mark(look, right + 11, 16, colour, words)
      }`;
    return markup`${sign}<text class="small" x="${px(right + 28)}" y="20">${words}</text>`;
  });
}

const over = (counts: readonly CountSummary[], of: (count: CountSummary) => CountSummary["makespan_s"]): Pair[] =>
  counts.flatMap((count): Pair[] => {
    const value = middle(of(count));
    return value === null || value <= 0 ? [] : [[count.shards, value]];
  });

/** Returns what the marks of repeats mean; empty without repeats. */
const repeatWords = (runs: readonly CountSummary[]): string =>
  runs.some(({ n_runs }) => n_runs > 1) ? "Median of the repeats; bars: ± their std; small dots: single runs. " : "";

/** Returns makespan and longest shard against shards; null if neither is known. */
export function makespanScaling(summary: SweepSummary): Figure | null {
  const { runs, points } = summary;
  const spreads = new Map(runs.map((count) => [count.shards, spreadOf(count.makespan_s)]));
  const makespan = over(runs, (count) => count.makespan_s);
  const series: Series[] = [
    { words: "ideal: work / slots", colour: "muted", points: ideal(summary), look: "dots" },
    {
      words: "max_shard_elapsed_s (the longest shard)",
      colour: "second",
      points: over(runs, (count) => count.max_shard_elapsed_s),
      look: "hollow",
    },
    {
      words: "makespan_s",
      colour: "accent",
      points: makespan,
      bars: makespan.map(([shards]) => spreads.get(shards) ?? null),
      look: "line",
    },
    // Last, on top of the others: a good prediction lies where the measured point is.
    {
      words: "predicted from one run",
      colour: "c3",
      points: over(runs, (count) => count.predicted_makespan_s),
      look: "cross",
    },
  ];
  return logPlot({
    name: "makespan",
    title: "Makespan against shards",
    caption: `${
      repeatWords(runs)
    }Both axes are logarithmic. The longest shard falls as 1/shards even when the run gets no faster.`,
    is_wide: true,
    y_label: "seconds",
    series,
    singles: singles(points, (point) => point.makespan_s),
  });
}

/** Returns the measured throughput, toys / makespan, beside toys / longest shard. */
export function rateScaling({ runs, points }: SweepSummary): Figure | null {
  const spreads = new Map(runs.map((count) => [count.shards, spreadOf(count.toys_per_s)]));
  const real = over(runs, (count) => count.toys_per_s);
  return logPlot({
    name: "rate",
    title: "Throughput against shards",
    caption: `All toys / makespan. ${
      repeatWords(runs)
    }Toys / longest shard is shown for comparison only: it is not the rate of the run.`,
    is_wide: false,
    y_label: "toys/s",
    series: [
      {
        words: "toys / longest shard (misleading)",
        colour: "second",
        points: over(runs, (count) => count.claimed_toys_per_s),
        look: "hollow",
      },
      {
        words: "toys / makespan",
        colour: "accent",
        points: real,
        bars: real.map(([shards]) => spreads.get(shards) ?? null),
        look: "line",
      },
    ],
    singles: singles(points, (point) => point.toys_per_s),
  });
}

function singles(points: readonly PointSummary[], of: (point: PointSummary) => number | null): Pair[] {
  return points.flatMap((point): Pair[] => {
    const value = of(point);
    return value === null || value <= 0 || point.state !== "done" ? [] : [[point.shards, value]];
  });
}

/** Returns the time for the toys alone, at the shortest measured time per toy, evenly distributed over all slots. */
function ideal({ points, runs, n_toys }: SweepSummary): Pair[] {
  const done = points.filter(({ state }) => state === "done");
  const toy_s = done.reduce((least, point) => Math.min(least, point.toy_s ?? Infinity), Infinity);
  const slots = done.reduce((most, point) => Math.max(most, point.slots ?? 0), 0);
  if (!Number.isFinite(toy_s) || slots === 0) return [];
  return runs.map(({ shards }): Pair => [shards, n_toys * toy_s / Math.min(shards, slots)]);
}
