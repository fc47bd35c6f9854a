import { rounded, textTable, withError } from "../format.ts";
import type { HypotestMerged } from "../schema/hypotest.ts";
import {
  type Limit,
  LIMIT_SUMMARY_SCHEMA,
  type LimitPoint,
  type LimitSummary,
  type UpperLimit,
} from "../schema/limit.ts";
import { bracketedMarks, caveatTexts, limitCaveats } from "./caveats.ts";
import { markedPoints } from "./marks.ts";
import { type Crossing, crossing, type CurvePoint } from "./crossing.ts";

export interface LimitWanted {
  /** Confidence level, such as 0.95. */
  cl: number;
  /** Wanted error of the limit; null: none. */
  accuracy: number | null;
}

/** What the checks of a run say of its fits. */
interface FitMarks {
  marks: readonly string[];
  /** Whether its result is shown to depend on where they start. */
  isDependent: boolean;
}

/** Returns a point with the merged test of its run; null: it is not merged. */
export function limitPoint(
  mu: number,
  run_id: string,
  merged: HypotestMerged | null,
  { marks, isDependent }: FitMarks = { marks: [], isDependent: false },
): LimitPoint {
  if (!merged) {
    const nothing = { n_toys: null, cls: null, cls_error: null, clsb: null, clb: null };
    return {
      mu,
      run_id,
      ...nothing,
      cls_range: null,
      failed: null,
      ties: null,
      fixed_auxiliary: null,
      asymptotic: null,
    };
  }
  const { tails, cls_error, failed, asymptotic, ties = null, fixed_auxiliary = null } = merged.merge.farm;
  const { cls_range, n_error, n_nonconverged } = failed;
  return {
    ...{ mu, run_id, n_toys: merged.n_toys.b, cls: merged.cls, cls_error },
    ...{ clsb: tails.sb, clb: tails.b, cls_range, asymptotic },
    ...{ failed: { n_toys: merged.n_toys, n_error, n_nonconverged }, ties, fixed_auxiliary },
    ...(marks.length > 0 ? { marks: [...marks] } : {}),
    ...(isDependent ? { depends_on_start: true as const } : {}),
  };
}

/** Returns CLs at the merged points, and the position of each among all points. */
function curveOf(points: readonly LimitPoint[]): { curve: CurvePoint[]; positions: number[] } {
  const [curve, positions]: [CurvePoint[], number[]] = [[], []];
  for (const [i, { mu, cls, cls_error }] of points.entries()) {
    // At mu = 0 both hypotheses are the same: CLs is 1 without an error, and toys tell nothing.
    if (cls === null || cls_error === null) continue;
    curve.push({ mu, cls, error: mu === 0 ? 0 : cls_error });
    positions.push(i);
  }
  return { curve, positions };
}

/** Returns the limit of the merged points, with positions among all points; a text says why there is none. */
export function toyLimit(points: readonly LimitPoint[], cl: number): Crossing | string {
  const { curve, positions } = curveOf(points);
  const found = crossing(curve, cl);
  if (typeof found === "string") return found;
  const [[a, of_a], [b, of_b]] = found.causes;
  return { ...found, causes: [[positions[a] ?? a, of_a], [positions[b] ?? b, of_b]] };
}

/** Returns the summary of a limit: its points, the limit by toys, and the asymptotic ones beside it. */
export function summariseLimit(
  limit: Limit,
  points: readonly LimitPoint[],
  { cl, accuracy }: LimitWanted,
): LimitSummary {
  const { limit_id, workload, scheduler, config } = limit;
  const found = toyLimit(points, cl);
  const value = typeof found === "string" ? null : { value: found.value, error: found.error, between: found.between };
  return {
    schema_version: LIMIT_SUMMARY_SCHEMA,
    ...{ limit_id, workload, scheduler, config, cl },
    points: [...points],
    limit: value,
    why: typeof found === "string" ? found : null,
    caveats: limitCaveats(points, cl),
    accuracy,
    is_accurate: accuracy === null ? null : value !== null && value.error <= accuracy,
    n_toys: points.reduce((sum, { n_toys }) => sum + (n_toys ?? 0), 0),
    asymptotic: asymptoticLimits(points, cl),
  };
}

/** Standard deviations of the background alone for which expected limits are given. */
export const BANDS = [-2, -1, 0, 1, 2] as const;

function asymptoticLimits(points: readonly LimitPoint[], cl: number): LimitSummary["asymptotic"] {
  const known = points.flatMap(({ mu, asymptotic }) => asymptotic ? [{ mu, asymptotic }] : []);
  if (known.length < 2) return null;
  const limitOf = (of: (one: (typeof known)[number]) => number | undefined) => {
    const curve = known.map((one) => ({ mu: one.mu, cls: of(one) ?? NaN, error: 0 }));
    const found = crossing(curve.filter(({ cls }) => cls > 0), cl);
    return typeof found === "string" ? null : found.value;
  };
  return {
    observed: limitOf(({ asymptotic }) => asymptotic.cls),
    expected: BANDS.map((_, i) => limitOf(({ asymptotic }) => asymptotic.expected?.[i])),
  };
}

/** Returns the answer of limit summarize: the limit with what may move it, and a line for each point. */
export function limitText(summary: LimitSummary): string {
  const { points, cl, limit, why, asymptotic, accuracy, is_accurate, n_toys } = summary;
  const marks = bracketedMarks(summary);
  const [observed, expected] = [asymptotic?.observed ?? null, asymptotic?.expected ?? []];
  return [
    limit === null
      ? `no upper limit${marks}: ${why}`
      : `upper limit at ${rounded(100 * cl, 4)} % CL: ${withError(limit.value, limit.error)}${marks}, by ${
        decidingToys(points, limit)
      }; ${n_toys} over all points`,
    ...unfinishedText(points),
    ...caveatTexts(summary),
    ...markedPoints(points),
    ...(is_accurate === false ? [`its error is larger than the wanted ${accuracy}`] : []),
    ...(observed === null ? [] : [`asymptotic: ${rounded(observed, 4)}${expectedText(expected)}`]),
    "",
    ...pointLines(summary),
  ].join("\n");
}

function pointLines({ points, caveats }: LimitSummary): string[] {
  const ranges = [
    ...(caveats?.failed ? [{ head: "with failed toys", of: ({ cls_range }: LimitPoint) => cls_range }] : []),
    ...(caveats?.ties ? [{ head: "with tied toys", of: ({ ties }: LimitPoint) => ties?.cls_range ?? null }] : []),
  ];
  const rows = points.map((point) => [
    ...[`${point.mu}`, point.n_toys === null ? "" : `${point.n_toys}`],
    point.cls === null || point.cls_error === null ? "no result" : withError(point.cls, point.cls_error),
    point.asymptotic ? rounded(point.asymptotic.cls, 4) : "",
    ...ranges.map(({ of }) => clsRangeText(of(point))),
  ]);
  return textTable([["mu", "toys", "CLs", "asymptotic", ...ranges.map(({ head }) => head)], ...rows]);
}

/** Returns a range of CLs; nothing where there is none, or it is one value. */
export const clsRangeText = (range: readonly [number, number] | null): string =>
  range === null || range[0] === range[1] ? "" : `${rounded(range[0], 4)} to ${rounded(range[1], 4)}`;

/** Returns the toys of the two points that enclose the limit: its error is from theirs alone. */
export function decidingToys(points: readonly LimitPoint[], { between: [from, to] }: UpperLimit): string {
  const toysAt = (wanted: number) => points.find(({ mu }) => mu === wanted)?.n_toys ?? 0;
  const [below, above] = [toysAt(from), toysAt(to)];
  return below === above
    ? `${below} toys of each hypothesis at each of mu = ${from} and ${to}`
    : `${below} toys of each hypothesis at mu = ${from} and ${above} at ${to}`;
}

/** Returns which points have no result, as a sentence of the answer and of the page; nothing where all have one. */
export function unfinishedText(points: readonly LimitPoint[]): string[] {
  const open = points.filter(({ cls }) => cls === null).map(({ mu }) => mu);
  if (open.length === 0 || open.length === points.length) return [];
  return [
    `no result yet at mu = ${open.join(", ")} (${open.length} of ${points.length} points): this is from the others`,
  ];
}

function expectedText(expected: readonly (number | null)[]): string {
  const known = expected.map((value) => value === null ? "n/a" : rounded(value, 4));
  return expected.every((value) => value === null) ? "" : `; expected (-2 to 2 sigma): ${known.join(", ")}`;
}
