// @ts-types="@types/d3-scale"
import { scaleLinear } from "d3-scale";
import { estimateText, ratePercent } from "../../inject/summary.ts";
import type { Estimate, InjectPoint, InjectSummary, ToyRate } from "../../schema/inject.ts";
import {
  type Figure,
  type Frame,
  FULL_WIDTH,
  HALF_WIDTH,
  levelLine,
  type Markup,
  markup,
  plot,
  type PointMark,
  pointMark,
  px,
  type Scale,
  xAxis,
  xRange,
  yAxis,
  yRange,
} from "../plot.ts";

/** A range that the thresholds allow, and the nominal value in it. */
interface Allowed {
  low: number;
  high: number;
  nominal: number;
}

interface Drawn extends Pick<Figure, "name" | "title" | "caption" | "is_wide"> {
  y_label: string;
  /** In units of the axes. */
  measured: readonly PointMark[];
  allowed: readonly Allowed[];
  frame: Frame;
}

const COLOURS: Partial<Record<InjectPoint["verdict"], string>> = { flagged: "bad", not_judged: "muted" };
const colourOf = ({ verdict }: InjectPoint): string => COLOURS[verdict] ?? "accent";

/** Returns the figures of an injection study: mean and width of the pulls, and coverage; [] without a result. */
export function pullFigures(summary: InjectSummary): Figure[] {
  const { thresholds: { max_bias, width_tolerance }, points, coverage_range } = summary;
  const widthRange = { low: 1 - width_tolerance, high: 1 + width_tolerance };
  return [
    drawn(summary, {
      ...{ name: "pull-mean", title: "Mean pull", y_label: "mean pull", frame: WIDE, is_wide: true },
      caption: `Points: mean of the pulls with its error; band: |mean pull| at most ${max_bias}. ${LEGEND}`,
      measured: estimates(points, ({ pull_mean }) => pull_mean),
      allowed: [{ low: -max_bias, high: max_bias, nominal: 0 }],
    }),
    drawn(summary, {
      ...{ name: "pull-width", title: "Width of the pulls", y_label: "width", frame: HALF_WIDTH },
      caption: `Points: standard deviation of the pulls with its error; band: 1 ± ${width_tolerance}.`,
      measured: estimates(points, ({ pull_width }) => pull_width),
      allowed: [{ ...widthRange, nominal: 1 }],
    }),
    drawn(summary, {
      ...{ name: "coverage", title: "Coverage", y_label: "share of pulls", frame: HALF_WIDTH },
      caption:
        "Share of pulls within 1 and within 2 sigma with Clopper-Pearson intervals of 68 %; lines: 68.3 and 95.4 %; bands: what the thresholds allow Gaussian pulls.",
      measured: [
        ...rates(points, ({ coverage }) => coverage?.sigma_1 ?? null, "within 1 sigma"),
        ...rates(points, ({ coverage }) => coverage?.sigma_2 ?? null, "within 2 sigma"),
      ],
      allowed: [
        allowedCoverage(coverage_range.sigma_1, 0.6827),
        allowedCoverage(coverage_range.sigma_2, 0.9545),
      ],
    }),
  ].flatMap((figure) => figure ?? []);
}

/** With room for the label above the axis. */
const WIDE: Frame = { ...FULL_WIDTH, top: HALF_WIDTH.top };
const LEGEND = "Red: flagged; grey: not judged.";

const allowedCoverage = ([low, high]: readonly [number, number], nominal: number): Allowed => ({ low, high, nominal });

function estimates(points: readonly InjectPoint[], of: (point: InjectPoint) => Estimate | null): PointMark[] {
  return points.flatMap((point) => {
    const found = of(point);
    if (!found) return [];
    const { value: y, error } = found;
    return { x: point.value, y, low: y - error, high: y + error, words: estimateText(found), colour: colourOf(point) };
  });
}

function rates(points: readonly InjectPoint[], of: (point: InjectPoint) => ToyRate | null, what: string): PointMark[] {
  return points.flatMap((point) => {
    const found = of(point);
    if (!found) return [];
    const [low, high] = found.interval;
    return { x: point.value, y: found.p, low, high, words: `${ratePercent(found)} % ${what}`, colour: colourOf(point) };
  });
}

/** Returns one figure; null without a measured value. */
function drawn({ parameter }: InjectSummary, one: Drawn): Figure | null {
  const { frame, measured, allowed, name, title, caption, y_label, is_wide = false } = one;
  if (measured.length === 0) return null;
  const x = scaleLinear(widened(measured.map((point) => point.x)), xRange(frame));
  const heights = [
    ...measured.flatMap(({ low, high }) => [low, high]),
    ...allowed.flatMap(({ low, high }) => [low, high]),
  ];
  const y = scaleLinear(widened(heights), yRange(frame)).nice();
  const numbers = { head: [parameter, y_label], rows: measured.map(({ x, words }) => [`${x}`, words]) };
  const what = `${y_label} against injected ${parameter}.`;
  return plot(frame, { name, title, caption, what, is_wide, numbers }, [
    ...allowed.map((range) => bandMark(range, x, y)),
    yAxis(frame, { scale: y, label: y_label }),
    ...allowed.map(({ nominal }) => levelLine(x, y(nominal), "good")),
    ...measured.map(({ x: value, words, ...one }) =>
      pointMark({
        ...{ x: x(value), y: y(one.y), low: y(one.low), high: y(one.high) },
        ...{ words: `${parameter} = ${value}: ${words}`, colour: one.colour },
      })
    ),
    xAxis(frame, { scale: x, label: `injected ${parameter}` }),
  ]);
}

/** Returns the range of some values with a margin of a twelfth on both sides. */
function widened(values: readonly number[]): [number, number] {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const margin = high > low ? (high - low) / 12 : 1;
  return [low - margin, high + margin];
}

function bandMark({ low, high }: Allowed, x: Scale, y: Scale): Markup {
  const [from = 0, to = 1] = x.range();
  return markup`<rect fill="var(--good)" fill-opacity=".14" x="${px(from)}" y="${px(y(high))}" width="${
    px(to - from)
  }" height="${px(y(low) - y(high))}"/>`;
}
