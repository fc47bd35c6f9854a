// @ts-types="@types/d3-scale"
import { scaleLinear } from "d3-scale";

/** A value on an axis and its label. */
export type Tick = readonly [value: number, text: string];

type Domain = readonly [low: number, high: number];

/** An axis with fewer labels shows neither its range nor whether it is logarithmic. */
const MIN_TICKS = 3;

const TICKS = 6;

/** Returns at least three round values of a linear axis with distinct labels. @param domain low < high */
export function linearTicks(domain: Domain): Tick[] {
  const scale = scaleLinear(domain, [0, 1]);
  const count = [TICKS, 2 * TICKS, 4 * TICKS].find((n) => scale.ticks(n).length >= MIN_TICKS) ?? TICKS;
  const text = scale.tickFormat(count);
  return scale.ticks(count).map((value) => [value, text(value)]);
}

/** Returns at least three whole numbers of an axis that counts. @param high of the axis, 2 or more */
export function wholeTicks(high: number): Tick[] {
  return linearTicks([0, high]).flatMap(([value]): Tick[] =>
    Number.isInteger(value) ? [[value, value.toLocaleString("en-US")]] : []
  );
}

/** Mantissas of the labels of a logarithmic axis, the fewest first. */
const MANTISSAS = [[1], [1, 3], [1, 2, 5], [1, 2, 3, 5, 7], [1, 2, 3, 4, 5, 6, 7, 8, 9]] as const;

/** With so many the sparsest choice is good enough. */
const ENOUGH = 4;
/** Powers of ten beyond so many are thinned out. */
const MAX_POWERS = 10;

/** Returns at least three values of a logarithmic axis with distinct labels; round ones as far as the range has them. @param domain 0 < low < high */
export function logTicks(domain: Domain): Tick[] {
  const chosen = MANTISSAS.map((mantissas) => within(domain, mantissas)).find((values) => values.length >= ENOUGH);
  return chosen ? chosen.map((value) => [value, labelOf(value)]) : linearTicks(domain);
}

function within([low, high]: Domain, mantissas: readonly number[]): number[] {
  const [from, to] = [Math.floor(Math.log10(low)), Math.ceil(Math.log10(high))];
  const step = Math.max(1, Math.ceil((to - from) / MAX_POWERS));
  const powers = Array.from({ length: Math.floor((to - from) / step) + 1 }, (_, i) => from + i * step);
  // Number() of a decimal text is exact where 3 * 0.001 is not.
  return powers.flatMap((power) => mantissas.map((mantissa) => Number(`${mantissa}e${power}`)))
    .filter((value) => value >= low && value <= high);
}

const labelOf = (value: number): string => `${value}`;

/** Returns the ends of a logarithmic axis for these counts (1 or more), wide enough for three whole numbers. */
export function countDomain(counts: readonly number[]): [number, number] {
  const [low, high] = [Math.min(...counts), Math.max(...counts)];
  return [low / 1.15, Math.max(high * 1.15, low + MIN_TICKS - 1 + 0.3)];
}

/**
 * Returns the ticks of an axis of counts: the counts themselves as far as their labels do not touch, and whole numbers
 * between them where that makes fewer than three.
 * @param at where a count lies, in pixels
 */
export function countTicks(counts: readonly number[], domain: Domain, at: (count: number) => number): Tick[] {
  const kept = apart([], counts, at);
  const all = kept.length >= MIN_TICKS ? kept : apart(kept, wholesIn(domain), at);
  return all.sort((a, b) => a - b).map((count) => [count, labelOf(count)]);
}

function wholesIn(domain: Domain): number[] {
  const [low, high] = domain;
  if (high - low < ENOUGH) return [Math.ceil(low), Math.ceil(low) + 1, Math.ceil(low) + 2].filter((n) => n <= high);
  return logTicks(domain).map(([value]) => value).filter(Number.isInteger);
}

/** Between the middles of two labels, in pixels. */
const ROOM = 34;

function apart(kept: readonly number[], more: readonly number[], at: (count: number) => number): number[] {
  const all = [...kept];
  for (const one of more.toSorted((a, b) => a - b)) {
    if (all.every((other) => Math.abs(at(other) - at(one)) > ROOM)) all.push(one);
  }
  return all;
}
