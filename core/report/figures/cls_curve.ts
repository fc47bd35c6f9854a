// @ts-types="@types/d3-scale"
import { scaleLinear, scaleLog } from "d3-scale";
// @ts-types="@types/d3-shape"
import { area, line } from "d3-shape";
import { rounded, withError } from "../../format.ts";
import type { LimitPoint, LimitSummary } from "../../schema/limit.ts";
import {
  type Figure,
  FULL_WIDTH,
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
import { logTicks } from "../ticks.ts";

/** CLs below this is drawn at the bottom: nobody reads a limit there. */
const LEAST = 1e-4;

type Known = LimitPoint & { cls: number; cls_error: number };

const isKnown = (point: LimitPoint): point is Known => point.cls !== null && point.cls_error !== null;

/** Returns CLs against the tested values of the POI, with the asymptotic curves; null without two points. */
export function clsCurve(summary: LimitSummary): Figure | null {
  const known = summary.points.filter(isKnown);
  if (known.length < 2) return null;
  const frame = { ...FULL_WIDTH, height: 420, top: 44 };
  const mus = known.map(({ mu }) => mu);
  const x = scaleLinear([Math.min(...mus), Math.max(...mus)], xRange(frame));
  const least = known.reduce((low, { cls, asymptotic }) => Math.min(low, cls, asymptotic?.cls ?? 1), 1);
  const heights: [number, number] = [Math.max(LEAST, Math.min(least, 1 - summary.cl) / 2), 1.15];
  const y = scaleLog(heights, yRange(frame)).clamp(true);
  const about = { name: "cls", title: "CLs against the POI" };
  const caption = captionOf(summary);
  return {
    ...about,
    caption,
    is_wide: true,
    numbers: numbersOf(known),
    svg: plot(frame, { ...about, desc: `CLs falls with mu, on a logarithmic axis. ${caption}` }, [
      yAxis(frame, { scale: y, label: "CLs", ticks: logTicks(heights) }),
      ...bandMarks(summary.points, x, y),
      levelMark(summary, x, y),
      ...curveMarks(known, x, y),
      ...(summary.limit
        ? markLines(frame, x, [{
          value: summary.limit.value,
          words: `limit ${withError(summary.limit.value, summary.limit.error)}`,
          colour: "bad",
        }])
        : []),
      xAxis(frame, { scale: x, label: "mu" }),
    ]),
  };
}

function captionOf({ cl, limit, asymptotic }: LimitSummary): string {
  const expected = asymptotic?.expected.some((value) => value !== null)
    ? "; dashed and bands: asymptotic, expected with 1 and 2 sigma"
    : asymptotic
    ? "; dashed: asymptotic"
    : "";
  const where = limit === null ? "" : ` Where the curve meets it lies the limit.`;
  return `Points: CLs by toys, with the error from their number; line at ${
    rounded(1 - cl, 3)
  } = 1 - CL${expected}.${where}`;
}

function levelMark({ cl }: LimitSummary, x: Scale, y: Scale): Markup {
  const [from = 0, to = 1] = x.range();
  return markup`<path class="line dash" stroke="var(--bad)" d="M${px(from)} ${px(y(1 - cl))}H${px(to)}"/>`;
}

function curveMarks(known: readonly Known[], x: Scale, y: Scale): Markup[] {
  const d = new Markup(line<Known>(({ mu }) => x(mu), ({ cls }) => y(cls)).digits(1)(known) ?? "");
  return [
    markup`<path class="line" stroke="var(--accent)" d="${d}"/>`,
    ...known.map(({ mu, cls, cls_error }) =>
      markup`<path class="line" stroke="var(--accent)" d="M${px(x(mu))} ${px(y(cls + cls_error))}V${
        px(y(Math.max(cls - cls_error, LEAST / 10)))
      }"/><circle class="mark" cx="${px(x(mu))}" cy="${
        px(y(cls))
      }" r="4" fill="var(--accent)"><title>${`mu = ${mu}: CLs ${withError(cls, cls_error)}`}</title></circle>`
    ),
  ];
}

/** Returns the asymptotic curve, and the bands of the expected ones. */
function bandMarks(points: readonly LimitPoint[], x: Scale, y: Scale): Markup[] {
  const known = points.flatMap(({ mu, asymptotic }) => asymptotic ? [{ mu, ...asymptotic }] : []);
  type Row = (typeof known)[number];
  const band = (low: number, high: number, opacity: string) => {
    const rows = known.filter(({ expected }) => expected?.length === 5);
    const at = (i: number) => (row: Row) => y(Math.max(row.expected?.[i] ?? LEAST, LEAST / 10));
    const d = new Markup(area<Row>(({ mu }) => x(mu), at(low), at(high)).digits(1)(rows) ?? "");
    return rows.length < 2 ? [] : [markup`<path fill="var(--second)" fill-opacity="${opacity}" d="${d}"/>`];
  };
  const observed = new Markup(
    line<Row>(({ mu }) => x(mu), ({ cls }) => y(Math.max(cls, LEAST / 10))).digits(1)(known) ?? "",
  );
  return [
    ...band(0, 4, ".12"),
    ...band(1, 3, ".2"),
    ...(known.length < 2 ? [] : [markup`<path class="line dash" stroke="var(--second)" d="${observed}"/>`]),
  ];
}

function numbersOf(known: readonly Known[]): Figure["numbers"] {
  return {
    head: ["mu", "toys", "CLs", "asymptotic CLs"],
    rows: known.map(({ mu, n_toys, cls, cls_error, asymptotic }) => [
      ...[`${mu}`, `${n_toys ?? ""}`, withError(cls, cls_error), asymptotic ? rounded(asymptotic.cls, 4) : ""],
    ]),
  };
}
