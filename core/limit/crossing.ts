import type { UpperLimit } from "../schema/limit.ts";

/** CLs at one tested value of the POI. */
export interface CurvePoint {
  mu: number;
  cls: number;
  /** Standard deviation of cls; 0: exact. */
  error: number;
}

/** Points that were averaged since CLs rose between them. */
interface Block {
  from: number;
  to: number;
  /** Mean of ln CLs, and its variance; it only weighs the mean. */
  value: number;
  variance: number;
}

const relative = ({ cls, error }: CurvePoint): number => (error / cls) ** 2;

/**
 * Returns ln CLs at each point as a curve that never rises: neighbours that rise are averaged by their errors (pool
 * adjacent violators; Ayer, Brunk, Ewing, Reid and Silverman, Ann. Math. Stat. 26 (1955) 641).
 */
function fallingCurve(points: readonly CurvePoint[]): Block[] {
  const blocks: Block[] = [];
  for (const [i, point] of points.entries()) {
    let last: Block = { from: i, to: i, value: Math.log(point.cls), variance: relative(point) };
    for (let before = blocks.at(-1); before && before.value < last.value; before = blocks.at(-1)) {
      last = joined(before, last);
      blocks.pop();
    }
    blocks.push(last);
  }
  return blocks;
}

function joined(a: Block, b: Block): Block {
  const [wa, wb] = a.variance > 0 && b.variance > 0 ? [1 / a.variance, 1 / b.variance] : [1, 1];
  return {
    from: a.from,
    to: b.to,
    value: (wa * a.value + wb * b.value) / (wa + wb),
    variance: a.variance > 0 && b.variance > 0 ? 1 / (wa + wb) : 0,
  };
}

/** An upper limit with what its error is made of. */
export interface Crossing extends UpperLimit {
  /** The two points that enclose it. */
  causes: readonly [Cause, Cause];
}

/** Position of a point, and the part of the limit's variance that it causes. */
type Cause = readonly [position: number, variance: number];

/**
 * Returns where CLs falls to 1 - cl: between two neighbouring points ln CLs is a straight line, and the errors of both
 * are propagated. A text says why there is no such place.
 * @param points in ascending order of mu
 */
export function crossing(points: readonly CurvePoint[], cl: number): Crossing | string {
  const level = Math.log(1 - cl);
  const blocks = fallingCurve(points);
  const after = blocks.findIndex(({ value }) => value <= level);
  const [right, left] = [blocks[after], blocks[after - 1]];
  const [first, last] = [points[0], points.at(-1)];
  if (!first || !last) return "no point has a result";
  if (!right) return `CLs is above ${text(1 - cl)} at all points: test values of mu above ${last.mu}`;
  if (!left) return `CLs is below ${text(1 - cl)} at all points: test values of mu below ${first.mu}`;
  const [a, b] = [points[left.to], points[right.from]];
  if (!a || !b) return "no point has a result";
  const width = b.mu - a.mu;
  const slope = (right.value - left.value) / width;
  const t = (level - left.value) / (right.value - left.value);
  // A point's own error, also where it was averaged: that of the average says nothing about this place.
  const [of_a, of_b] = [relative(a) / slope ** 2, relative(b) / slope ** 2];
  const { variance, at } = worst(of_a, of_b, t, width);
  return {
    value: a.mu + t * width,
    error: Math.sqrt(variance),
    between: [a.mu, b.mu],
    causes: [[left.to, of_a * (1 - at) ** 2], [right.from, of_b * at ** 2]],
  };
}

/**
 * Returns the greatest variance of the limit within one standard deviation of it, and where. Between two points the
 * variance is least in the middle: the limit's own fluctuation must not make it look more accurate than it is.
 * @param t place of the limit between the points, from 0 to 1
 */
function worst(a: number, b: number, t: number, width: number): { variance: number; at: number } {
  const varianceAt = (at: number) => a * (1 - at) ** 2 + b * at ** 2;
  const step = Math.sqrt(varianceAt(t)) / width;
  return [t, Math.max(0, t - step), Math.min(1, t + step)].map((at) => ({ at, variance: varianceAt(at) }))
    .reduce((most, one) => one.variance > most.variance ? one : most);
}

const text = (value: number): string => `${Number(value.toPrecision(6))}`;
