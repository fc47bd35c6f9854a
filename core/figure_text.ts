import { duration } from "./progress_line.ts";

/** Three digits, and no zeros behind them. */
export const short = (value: number): string => `${Number(value.toPrecision(3))}`;

export const percent = (share: number): string => `${(share * 100).toFixed(share < 0.0995 ? 1 : 0)} %`;

/** Seconds as they are compared: `0.41 s`, `8.4 s`, `3 min 20 s`. */
export const secondsText = (s: number): string => s < 1 ? `${s.toFixed(2)} s` : duration(s);

/** At most five digits. */
export const shortNumber = (value: number): string => `${Number(value.toPrecision(5))}`;

/** A value with its error, both to the error's second digit: `1.0017 ± 0.0011`. */
export function withError(value: number, error: number): string {
  if (!(error > 0)) return shortNumber(value);
  const digits = Math.min(12, Math.max(0, 1 - Math.floor(Math.log10(error))));
  return `${value.toFixed(digits)} ± ${error.toFixed(digits)}`;
}
