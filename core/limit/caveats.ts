import { rounded } from "../format.ts";
import type { LimitCaveats, LimitPoint, LimitRange, LimitSummary, UpperLimit } from "../schema/limit.ts";
import type { FailedToys } from "../schema/hypotest.ts";
import { auxiliaryText, failedToysWords, hasFailedToys } from "../workload/test_caveats.ts";
import { crossing } from "./crossing.ts";

type Range = readonly [number, number];

/** CLs of 0 has no logarithm; no limit lies so low. */
const LEAST_CLS = 1e-9;

/** Returns what may move a limit beyond its error: of each, where it is and how far the limit goes with it. */
export function limitCaveats(points: readonly LimitPoint[], cl: number): LimitCaveats {
  const failed = points.filter((point) => hasFailedRange(point));
  const ties = points.filter(({ ties }) => ties);
  return {
    failed: failed.length === 0 ? null : {
      mu: failed.map(({ mu }) => mu),
      limit_range: limitRange(points, cl, ({ cls_range }) => cls_range),
    },
    ties: ties.length === 0 ? null : {
      mu: ties.map(({ mu }) => mu),
      limit_range: limitRange(points, cl, ({ ties }) => ties?.cls_range ?? null),
    },
    fixed_auxiliary: points.find(({ fixed_auxiliary }) => fixed_auxiliary)?.fixed_auxiliary ?? null,
  };
}

/** Runs that an earlier version merged have the range alone. */
const hasFailedRange = ({ failed, cls_range }: LimitPoint): boolean =>
  failed ? hasFailedToys(failed) : cls_range !== null && cls_range[0] < cls_range[1];

/**
 * Returns the limit with the least and with the greatest CLs of each point; an end beyond the points is null, and so is
 * the range where both are. The averaging of points that rise keeps the order of two curves (Robertson, Wright and
 * Dykstra, Order Restricted Statistical Inference, 1988, section 1.6), so every curve between them crosses between.
 */
function limitRange(
  points: readonly LimitPoint[],
  cl: number,
  of: (point: LimitPoint) => Range | null,
): LimitRange | null {
  const ends = [0, 1].map((end) => {
    const curve = points.flatMap((point) => {
      const { mu, cls, cls_error } = point;
      if (cls === null || cls_error === null) return [];
      const moved = mu === 0 ? cls : Math.max(LEAST_CLS, of(point)?.[end] ?? cls);
      return [{ mu, cls: moved, error: mu === 0 ? 0 : moved * cls_error / cls }];
    });
    const found = crossing(curve, cl);
    return typeof found === "string" ? null : found.value;
  });
  const [low = null, high = null] = ends;
  return low === null && high === null ? null : [low, high];
}

/** Returns "0.9 to 2.6", or with an end that lies beyond the points "0.9 to above 3". */
function shownRange(range: LimitRange | null, points: readonly LimitPoint[]): string {
  if (range === null) return "beyond the points";
  const [low, high] = range;
  const known = points.filter(({ cls }) => cls !== null).map(({ mu }) => mu);
  const text = (value: number | null, beyond: string) => value === null ? beyond : rounded(value, 4);
  return `${text(low, `below ${known[0]}`)} to ${text(high, `above ${known.at(-1)}`)}`;
}

type Marked = Pick<LimitSummary, "caveats" | "points" | "limit">;

/**
 * Returns the marks of a limit's number, "with failed toys on either side 0.9 to 2.6": it is never without them. Ties
 * that move it by less than its error are no mark.
 */
export function limitMarks({ caveats, points, limit }: Marked): string[] {
  const { failed = null, ties = null, fixed_auxiliary = null } = caveats ?? {};
  return [
    ...(failed ? [`with failed toys on either side ${shownRange(failed.limit_range, points)}`] : []),
    ...(ties && isBeyond(ties.limit_range, limit)
      ? [`with tied toys on either side ${shownRange(ties.limit_range, points)}`]
      : []),
    ...(fixed_auxiliary && limit ? ["auxiliary data fixed"] : []),
    ...(points.some((point) => point.depends_on_start) ? ["the fits depend on where they start, see below"] : []),
  ];
}

/** Returns the marks in brackets, with a space before; nothing where there are none. */
export function bracketedMarks(summary: Marked): string {
  const marks = limitMarks(summary);
  return marks.length === 0 ? "" : ` (${marks.join("; ")})`;
}

/** Returns whether a range goes beyond the limit's error; without a limit, whether it may bring one. */
function isBeyond(range: LimitRange | null, limit: UpperLimit | null): boolean {
  if (limit === null) return range !== null;
  const [low = null, high = null] = range ?? [];
  return low === null || high === null || Math.max(limit.value - low, high - limit.value) > limit.error;
}

/** Returns a sentence for each caveat of a limit. */
export function caveatTexts({ caveats, points }: Marked): string[] {
  const { failed = null, ties = null, fixed_auxiliary = null } = caveats ?? {};
  return [
    ...(failed ? [failedText(points.filter((point) => failed.mu.includes(point.mu)))] : []),
    ...(ties ? [tiesText(points, ties.limit_range)] : []),
    ...(fixed_auxiliary ? [auxiliaryText(fixed_auxiliary)] : []),
  ];
}

/** Points whose toys are described one by one, those with most failed toys; others are only named. */
const MOST_POINTS = 3;

function failedText(points: readonly LimitPoint[]): string {
  const counted = points.flatMap(({ mu, failed }) => failed ? [{ mu, failed, n: countFailed(failed) }] : [])
    .sort((a, b) => b.n - a.n).slice(0, MOST_POINTS)
    .map(({ mu, failed }) => `mu = ${mu}: ${failedToysWords(failed).join(", ")}`);
  const most = points.length > MOST_POINTS ? "most at " : "";
  const where = counted.length === 0 ? "" : ` (${most}${counted.join("; ")})`;
  return `some fits of toys failed at mu = ${points.map(({ mu }) => mu).join(", ")}${where}`;
}

const countFailed = ({ n_error, n_nonconverged }: FailedToys): number =>
  n_error.sb + n_error.b + n_nonconverged.sb + n_nonconverged.b;

function tiesText(points: readonly LimitPoint[], range: LimitRange | null): string {
  const most = points.flatMap(({ mu, ties }) => ties ? [{ mu, p: Math.max(ties.sb, ties.b) }] : [])
    .reduce((a, b) => b.p > a.p ? b : a, { mu: NaN, p: 0 });
  return `the observed counts have a probability of up to ${
    rounded(most.p, 2)
  } (mu = ${most.mu}), and rounding decides on which side a toy with them falls: limit ${
    shownRange(range, points)
  } if all had fallen on one side`;
}
