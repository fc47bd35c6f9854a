// @ts-types="@types/d3-scale"
import type { ScaleContinuousNumeric } from "d3-scale";
import { linearTicks, type Tick } from "./ticks.ts";

/** Escaped HTML or SVG; only `markup` makes it. */
export class Markup {
  constructor(readonly text: string) {}
}

type Part = Markup | string | number | null | readonly (Markup | null)[];

/** Returns a piece of HTML or SVG: inserted values are escaped, except for Markup; null inserts nothing. */
export function markup(texts: TemplateStringsArray, ...parts: Part[]): Markup {
  return new Markup(texts.map((text, i) => text + (i < parts.length ? partText(parts[i] ?? null) : "")).join(""));
}

function partText(part: Part): string {
  if (part === null) return "";
  if (part instanceof Markup) return part.text;
  if (typeof part === "object") return part.map((one) => one?.text ?? "").join("");
  return escapeMarkup(`${part}`);
}

const ESCAPES: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };

/** Characters that XML does not allow in a document, escaped or not. */
const FORBIDDEN =
  // deno-lint-ignore no-control-regex
  /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f\ufffe\uffff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

export function escapeMarkup(text: string): string {
  return text.replaceAll(FORBIDDEN, "\ufffd").replaceAll(/[&<>"']/g, (mark) => ESCAPES[mark] ?? mark);
}

/** Returns a coordinate in pixels, rounded to a tenth. */
export const px = (value: number): string => `${Math.round(value * 10) / 10}`;

export type Scale = ScaleContinuousNumeric<number, number>;

/** Returns text whose long names may break after `_`, `/` and `.`, but not before a unit: `max_shard_`, `elapsed_s`. */
export function breakable(text: string): Markup {
  return new Markup(escapeMarkup(text).replaceAll(/[_/](?=\w{3})|\.(?=[a-z]{3})/g, "$&<wbr>"));
}

/** Numbers of a figure as a table, for the keyboard and a screen reader. */
export interface Numbers {
  head: readonly string[];
  rows: readonly (readonly string[])[];
}

/** A figure: its marks and its names. */
export interface Figure {
  /** File name for --svg, without the ending. */
  name: string;
  title: string;
  caption: string;
  svg: Markup;
  /** null: another table of the page has them. */
  numbers: Numbers | null;
  /** Whether it takes the page's whole width. */
  is_wide?: boolean;
}

export interface FigureWords extends Omit<Figure, "svg"> {
  /** What it shows, in a sentence that a screen reader reads before the caption. */
  what: string;
}

/** Drawing area of a plot and its margins, in pixels. */
export interface Frame {
  width: number;
  height: number;
  left: number;
  right: number;
  top: number;
  bottom: number;
}

export const HALF_WIDTH: Frame = { width: 540, height: 306, left: 58, right: 16, top: 30, bottom: 42 };
export const FULL_WIDTH: Frame = { width: 1080, height: 340, left: 64, right: 20, top: 18, bottom: 42 };

export const xRange = ({ left, right, width }: Frame): [number, number] => [left, width - right];
/** Returns the vertical range, from bottom to top. */
export const yRange = ({ top, bottom, height }: Frame): [number, number] => [height - bottom, top];

/** Returns a figure, whose outermost element has its title and description. */
export function plot(
  { width, height }: Pick<Frame, "width" | "height">,
  { what, ...words }: FigureWords,
  marks: readonly (Markup | null)[],
): Figure {
  const { name, title, caption } = words;
  const svg = markup`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${px(width)} ${
    px(height)
  }" role="img" aria-labelledby="${name}-title" aria-describedby="${name}-desc"><title id="${name}-title">${title}</title><desc id="${name}-desc">${`${what} ${caption}`}</desc>${marks}</svg>`;
  return { ...words, svg };
}

interface Axis {
  scale: Scale;
  label: string;
  /** Without: round values of a linear scale. */
  ticks?: readonly Tick[];
}

function ticksOf({ scale, ticks }: Axis): readonly Tick[] {
  const [low = 0, high = 1] = scale.domain();
  return ticks ?? linearTicks([low, high]);
}

/** Returns the axis at the bottom, with its label at the right. */
export function xAxis(frame: Frame, axis: Axis): Markup {
  const y = frame.height - frame.bottom;
  const [x0, x1] = xRange(frame);
  const ticks = ticksOf(axis).map(([tick, text]) => {
    const x = px(axis.scale(tick));
    return markup`<path class="axis" d="M${x} ${px(y)}v5"/><text class="muted small" x="${x}" y="${
      px(y + 18)
    }" text-anchor="middle">${text}</text>`;
  });
  return markup`<path class="axis" d="M${px(x0)} ${px(y)}H${px(x1)}"/>${ticks}<text class="muted" x="${px(x1)}" y="${
    px(y + 36)
  }" text-anchor="end">${axis.label}</text>`;
}

/** Returns the axis at the left with grid lines, and its label above it. */
export function yAxis(frame: Frame, axis: Axis): Markup {
  const [x0, x1] = xRange(frame);
  const ticks = ticksOf(axis).map(([tick, text]) => {
    const y = axis.scale(tick);
    return markup`<path class="grid" d="M${px(x0)} ${px(y)}H${px(x1)}"/><text class="muted small" x="${
      px(x0 - 8)
    }" y="${px(y + 4)}" text-anchor="end">${text}</text>`;
  });
  return markup`${ticks}<text class="muted" x="4" y="${px(frame.top - 14)}">${axis.label}</text>`;
}

/** Returns vertical lines with labels at their tops, the first to the left of its line, the last to the right. */
export function markLines(
  frame: Frame,
  x: Scale,
  marked: readonly { value: number; words: string; colour: string }[],
): Markup[] {
  const [y0, y1] = yRange(frame);
  const [x0, x1] = xRange(frame);
  return marked.toSorted((a, b) => a.value - b.value).map(({ value, words, colour }, i) => {
    const at = x(value);
    const room = words.length * 7 + 10;
    const is_left = (marked.length > 1 && i === 0 && at - x0 > room) || x1 - at < room;
    const look = `fill:var(--${colour})`;
    return markup`<path class="line dash" stroke="var(--${colour})" d="M${px(at)} ${px(y1)}V${
      px(y0)
    }"/><text class="small halo" x="${px(is_left ? at - 5 : at + 5)}" y="${px(y1 + 4)}" text-anchor="${
      is_left ? "end" : "start"
    }" style="${look}">${words}</text>`;
  });
}

/** Returns a dashed line over the whole width of a plot. @param y in pixels */
export function levelLine(x: Scale, y: number, colour: string): Markup {
  const [from = 0, to = 1] = x.range();
  return markup`<path class="line dash" stroke="var(--${colour})" d="M${px(from)} ${px(y)}H${px(to)}"/>`;
}

/** A measured value with its error bar, in pixels; `words` appear under the pointer. */
export interface PointMark {
  x: number;
  y: number;
  low: number;
  high: number;
  words: string;
  colour: string;
}

/** Returns the marks of a measured value: its error bar and a dot. */
export const pointMark = ({ x, y, low, high, words, colour }: PointMark): Markup =>
  markup`<path class="line" stroke="var(--${colour})" d="M${px(x)} ${px(high)}V${px(low)}"/><circle class="mark" cx="${
    px(x)
  }" cy="${px(y)}" r="4" fill="var(--${colour})"><title>${words}</title></circle>`;
