/** Formats of numbers, times, ranges and tables. This file imports nothing, since every command loads it. */

/** Returns `1 shard`, `2 shards`. */
export const plural = (n: number, thing: string): string => `${n} ${thing}${n === 1 ? "" : "s"}`;

/** Returns the value of --threads in words: a number (0: as many as the job has CPUs), or a policy of ssh hosts. */
export function threadsText(threads: string): string {
  if (threads === "0") return "a thread for each CPU of a job";
  return /^\d+$/.test(threads) ? `${plural(Number(threads), "thread")} per shard` : `threads ${threads}`;
}

/** Returns a number with at most `digits` significant digits and no trailing zeros: `0.25`, `1.0017`. */
export const rounded = (value: number, digits: number): string => `${Number(value.toPrecision(digits))}`;

/** Returns a number with four significant digits (whole numbers in full), without an exponent. */
export function significant(value: number): string {
  if (value === 0 || !Number.isFinite(value)) return `${value}`;
  // Rounds first: 999.96 to four digits is 1000, not 1000.0.
  const size = Math.abs(Number(value.toPrecision(4)));
  const digits = Math.max(0, 3 - Math.floor(Math.log10(size)));
  return value.toFixed(Math.min(digits, 6));
}

/** Returns a value and its error, both to the error's second digit: `1.0017 ± 0.0011`, `12300 ± 1200`. */
export function withError(value: number, error: number): string {
  if (!(error > 0) || !Number.isFinite(error)) return rounded(value, 5);
  // By the text: 0.0996 has two digits as 0.10, and a logarithm of a power of ten may be a bit below it.
  const decimals = 1 - Number(error.toExponential(1).split("e")[1]);
  const unit = 10 ** Math.max(0, -decimals);
  const text = (number: number) => (Math.round(number / unit) * unit).toFixed(0);
  const shown = decimals <= 0 ? text : (number: number) => number.toFixed(Math.min(20, decimals));
  return `${shown(value)} ± ${shown(error)}`;
}

/** A set of n_ok values; std is divided by n. */
interface Sample {
  n_ok: number;
  mean: number;
  std: number;
}

/** Returns a mean with its error, std / sqrt(n). */
export const meanText = ({ mean, std, n_ok }: Sample): string => withError(mean, std / Math.sqrt(n_ok));

/** Returns a standard deviation with its error, std / sqrt(2 n), which holds for Gaussian values. */
export const stdText = ({ std, n_ok }: Sample): string => withError(std, std / Math.sqrt(2 * n_ok));

/** Returns a fraction as a percentage, with one decimal below 10: `9.9 %`, `10 %`. */
export const percent = (share: number): string => `${(share * 100).toFixed(share < 0.0995 ? 1 : 0)} %`;

/** Returns bytes in whole MiB, without the unit. */
export const mebibytes = (bytes: number): string => (bytes / 2 ** 20).toFixed(0);

/** Returns bytes in GiB: `15.6 GiB`. */
export const gibibytes = (bytes: number): string => `${(bytes / 2 ** 30).toFixed(1)} GiB`;

/** Returns milliseconds as seconds, rounded to the millisecond. */
export const secondsOf = (ms: number): number => Math.round(ms) / 1000;

/** Returns a duration given in seconds: `8.4 s`, `3 min 20 s`, `2 h 5 min`. */
export function duration(seconds: number): string {
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return `${minutes} min ${whole % 60} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** Returns a duration with two decimals below one second: `0.41 s`, `8.4 s`. */
export const shortDuration = (s: number): string => s < 1 ? `${s.toFixed(2)} s` : duration(s);

/** Returns a duration with three digits, for comparisons: `0.41 ms`, `41.2 ms`, `8.41 s`, `41.2 s`, `3 min 20 s`. */
export function fineDuration(s: number): string {
  if (s < 1) return `${(s * 1000).toFixed(s < 0.01 ? 2 : s < 0.1 ? 1 : 0)} ms`;
  return s < 10 ? `${s.toFixed(2)} s` : s < 100 ? `${s.toFixed(1)} s` : duration(s);
}

/** Returns measured seconds to the millisecond: `8.412 s`. */
export const measuredSeconds = (s: number): string => `${s.toFixed(3)} s`;

/** Returns a time and its uncertainty from the hosts' clocks, to the millisecond: `8.412 s ± 0.004 s`. */
export const uncertainSeconds = (s: number, error_s: number | null): string =>
  error_s ? `${measuredSeconds(s)} ± ${measuredSeconds(error_s)}` : measuredSeconds(s);

/** Returns a table cell without a unit: 3 decimals below 100, else 1: `8.412`, `841.2`. */
export const tableNumber = (value: number): string => value.toFixed(value < 100 ? 3 : 1);

/** Returns seconds as HH:MM:SS, the format of time limits; hours can exceed 99. */
export function clockTime(seconds: number): string {
  const whole = Math.round(seconds);
  const pad = (value: number) => `${Math.floor(value)}`.padStart(2, "0");
  return `${pad(whole / 3600)}:${pad(whole / 60 % 60)}:${pad(whole % 60)}`;
}

/** Returns `3-9`, or `3` where both ends are equal. */
export const rangeText = (first: number, last: number): string => first === last ? `${first}` : `${first}-${last}`;

/** Returns first and last of each run of consecutive whole numbers, in order; duplicates are allowed. */
function rangesOf(numbers: readonly number[]): [first: number, last: number][] {
  const ranges: [number, number][] = [];
  for (const number of numbers.toSorted((a, b) => a - b)) {
    const last = ranges.at(-1);
    if (last && number <= last[1] + 1) last[1] = number;
    else ranges.push([number, number]);
  }
  return ranges;
}

/** Returns whole numbers as ranges: `0-3, 7`. */
export const rangesText = (numbers: readonly number[], separator = ", "): string =>
  rangesOf(numbers).map(([first, last]) => rangeText(first, last)).join(separator);

/** Maximum number of ranges in one line; --json lists all. */
const MAX_RANGES = 12;

/** Returns shards as ranges, with the number of omitted shards: `0-3, 7, 9-12`. */
export function shardRanges(shards: readonly number[]): string {
  const ranges = rangesOf(shards);
  const named = ranges.slice(0, MAX_RANGES).map(([first, last]) => rangeText(first, last));
  const left = ranges.slice(MAX_RANGES).reduce((sum, [first, last]) => sum + last - first + 1, 0);
  return named.join(", ") + (left > 0 ? ` and ${left} more` : "");
}

/** Returns `shard 3` or `shards 4-7, 9`. */
export const namedShards = (shards: readonly number[]): string =>
  `shard${shards.length === 1 ? "" : "s"} ${shardRanges(shards)}`;

/** Width of the first column of an indented list. */
const LABEL_WIDTH = 22;

/** Returns a line of an indented list: a label and its text. */
export const labelLine = (name: string, text: string): string => `  ${name.padEnd(LABEL_WIDTH)} ${text}`;

/**
 * Returns rows of cells as lines with aligned columns. The last cell of a row takes the room that it needs, so that a
 * row can end with one long cell.
 * @param align of each column: l or r; left by default
 */
export function textTable(
  rows: readonly (readonly string[])[],
  { align = "", indent = "" }: { align?: string; indent?: string } = {},
): string[] {
  const widths: number[] = [];
  for (const row of rows) {
    for (const [i, cell] of row.entries()) {
      if (align[i] === "r" || i < row.length - 1) widths[i] = Math.max(widths[i] ?? 0, cell.length);
    }
  }
  const padded = (cell: string, i: number) =>
    align[i] === "r" ? cell.padStart(widths[i] ?? 0) : cell.padEnd(widths[i] ?? 0);
  return rows.map((row) => `${indent}${row.map(padded).join("  ")}`.trimEnd());
}
