// @ts-types="@types/d3-scale"
import { scaleLinear, scaleLog } from "d3-scale";
// @ts-types="@types/d3-shape"
import { area, line } from "d3-shape";
import { rounded, withError } from "../../format.ts";
import { bracketedMarks } from "../../limit/caveats.ts";
import type { Asymptotic } from "../../schema/hypotest.ts";
import type { LimitPoint, LimitSummary, UpperLimit } from "../../schema/limit.ts";
import {
  type Figure,
  type Frame,
  FULL_WIDTH,
  levelLine,
  markLines,
  Markup,
  markup,
  plot,
  pointMark,
  px,
  type Scale,
  xAxis,
  xRange,
  yAxis,
  yRange,
} from "../plot.ts";
import { logTicks } from "../ticks.ts";

/** CLs below this is drawn at the bottom: nobody reads a limit there. */
const LEAST = 1e-4;

type Known = LimitPoint & { cls: number; cls_error: number };

const isKnown = (point: LimitPoint): point is Known => point.cls !== null && point.cls_error !== null;

/** Returns CLs against the tested values of the POI, with the asymptotic curves; null without two points. */
export function clsCurve(summary: LimitSummary): Figure | null {
  const known = summary.points.filter(isKnown);
  if (known.length < 2) return null;
  const frame = { ...FULL_WIDTH, height: 440, top: 56 };
  const mus = known.map(({ mu }) => mu);
  const x = scaleLinear([Math.min(...mus), Math.max(...mus)], xRange(frame));
  const least = known.reduce((low, { cls, asymptotic }) => Math.min(low, cls, asymptotic?.cls ?? 1), 1);
  const heights: [number, number] = [Math.max(LEAST, Math.min(least, 1 - summary.cl) / 2), 1.15];
  const scale = scaleLog(heights, yRange(frame));
  const y = (cls: number) => scale(Math.max(cls, 1e-12));
  const asymptotic = asymptoticSeries(known, x, y);
  const words = {
    ...{ name: "cls", title: "CLs against the POI", caption: captionOf(summary), numbers: numbersOf(known) },
    ...{ what: "CLs falls with mu, on a logarithmic axis.", is_wide: true },
  };
  return plot(frame, words, [
    yAxis(frame, { scale, label: "CLs", ticks: logTicks(heights) }),
    clipped(frame, [
      ...asymptotic.map(({ mark }) => mark),
      ...limitMarks(summary, frame, x),
      levelLine(x, y(1 - summary.cl), "bad"),
      ...curveMarks(known, x, y),
    ]),
    levelWords(summary, x, y),
    ...(summary.limit ? markLines(frame, x, [limitLine(summary.limit)]) : []),
    ...legend(asymptotic, frame),
    xAxis(frame, { scale: x, label: "mu" }),
  ]);
}

type Height = (cls: number) => number;

function captionOf(summary: LimitSummary): string {
  const { cl, limit, asymptotic } = summary;
  const level = rounded(1 - cl, 3);
  const where = limit === null
    ? `The limit would be where CLs by toys falls to 1 - CL = ${level}.`
    : `The limit${bracketedMarks(summary)} is where CLs by toys falls to 1 - CL = ${level}; shaded: its error.`;
  return asymptotic ? `${where} Expected: of the background alone.` : where;
}

/** Returns marks without what lies outside the axes. */
function clipped(frame: Frame, marks: readonly Markup[]): Markup {
  const [[x0, x1], [y0, y1]] = [xRange(frame), yRange(frame)];
  // Room for a mark at the first and at the last point.
  return markup`<clipPath id="cls-area"><rect x="${px(x0 - 6)}" y="${px(y1)}" width="${px(x1 - x0 + 12)}" height="${
    px(y0 - y1)
  }"/></clipPath><g clip-path="url(#cls-area)">${marks}</g>`;
}

const limitLine = ({ value, error }: UpperLimit) => ({
  value,
  words: `limit ${withError(value, error)}`,
  colour: "bad",
});

/** Returns the range of the limit's error, within the points. */
function limitMarks({ limit }: LimitSummary, frame: Frame, x: Scale): Markup[] {
  if (limit === null || !(limit.error > 0)) return [];
  const [y0, y1] = yRange(frame);
  const [from = 0, to = 1] = x.domain();
  const [left, right] = [Math.max(limit.value - limit.error, from), Math.min(limit.value + limit.error, to)];
  return [
    markup`<rect x="${px(x(left))}" y="${px(y1)}" width="${px(x(right) - x(left))}" height="${
      px(y0 - y1)
    }" fill="var(--bad)" fill-opacity=".12"/>`,
  ];
}

function levelWords({ cl }: LimitSummary, x: Scale, y: Height): Markup {
  const [, to = 1] = x.range();
  return markup`<text class="small halo" x="${px(to)}" y="${
    px(y(1 - cl) - 6)
  }" text-anchor="end" style="fill:var(--bad)">1 - CL = ${rounded(1 - cl, 3)}</text>`;
}

function curveMarks(known: readonly Known[], x: Scale, y: Height): Markup[] {
  const d = new Markup(line<Known>(({ mu }) => x(mu), ({ cls }) => y(cls)).digits(1)(known) ?? "");
  return [
    markup`<path class="line" stroke="var(--accent)" d="${d}"/>`,
    ...known.map(({ mu, cls, cls_error }) =>
      pointMark({
        ...{ x: x(mu), y: y(cls), low: y(cls - cls_error), high: y(cls + cls_error), colour: "accent" },
        words: `mu = ${mu}: CLs ${withError(cls, cls_error)}`,
      })
    ),
  ];
}

/** A curve or band of the figure, and its entry in the legend. */
interface Series {
  words: string;
  mark: Markup;
  /** Returns its sign in the legend, 22 pixels wide. */
  sign(left: number): Markup;
}

type Row = Asymptotic & { mu: number };

const bandMark = (colour: string, opacity: number, d: string): Markup =>
  markup`<path fill="var(--${colour})" fill-opacity="${opacity}" d="${d}"/>`;

const lineMark = (look: string, colour: string, d: string): Markup =>
  markup`<path class="line ${look}" stroke="var(--${colour})" d="${d}"/>`;

/** Returns the bands and the median of the expected asymptotic curves, and the observed one. */
function asymptoticSeries(points: readonly LimitPoint[], x: Scale, y: Height): Series[] {
  const known: Row[] = points.flatMap(({ mu, asymptotic }) => asymptotic ? [{ mu, ...asymptotic }] : []);
  if (known.length < 2) return [];
  const expected = known.filter(({ expected }) => expected?.length === 5);
  const at = (i: number) => (row: Row) => y(row.expected?.[i] ?? 0);
  const band = (words: string, low: number, high: number, mark: (d: string) => Markup): Series => {
    const d = area<Row>(({ mu }) => x(mu), at(low), at(high)).digits(1)(expected) ?? "";
    return { words, mark: mark(d), sign: (left) => mark(`M${px(left)} 10h22v12h-22z`) };
  };
  const curve = (words: string, of: (row: Row) => number, rows: Row[], mark: (d: string) => Markup): Series => {
    const d = line<Row>(({ mu }) => x(mu), of).digits(1)(rows) ?? "";
    return { words, mark: mark(d), sign: (left) => mark(`M${px(left)} 16h22`) };
  };
  return [
    ...(expected.length < 2 ? [] : [
      band("± 2 sigma", 0, 4, (d) => bandMark("c1", 0.25, d)),
      band("± 1 sigma", 1, 3, (d) => bandMark("good", 0.35, d)),
      curve("expected, asymptotic", at(2), expected, (d) => lineMark("dots", "ink", d)),
    ]),
    curve("observed, asymptotic", ({ cls }) => y(cls), known, (d) => lineMark("dash", "second", d)),
  ];
}

/** Returns the legend in one row from the left, where a phone shows it. */
function legend(series: readonly Series[], frame: Frame): Markup[] {
  const toys = {
    words: "observed, by toys",
    sign: (left: number) =>
      markup`${lineMark("", "accent", `M${px(left)} 16h22`)}<circle cx="${
        px(left + 11)
      }" cy="16" r="4" fill="var(--accent)"/>`,
  };
  let left = frame.left;
  return [toys, ...series.toReversed()].map(({ words, sign }) => {
    const entry = markup`${sign(left)}<text class="small" x="${px(left + 28)}" y="20">${words}</text>`;
    left += words.length * 6.2 + 44;
    return entry;
  });
}

function numbersOf(known: readonly Known[]): Figure["numbers"] {
  return {
    head: ["mu", "toys", "CLs", "asymptotic CLs"],
    rows: known.map(({ mu, n_toys, cls, cls_error, asymptotic }) => [
      ...[`${mu}`, `${n_toys ?? ""}`, withError(cls, cls_error), asymptotic ? rounded(asymptotic.cls, 4) : ""],
    ]),
  };
}
