import { duration } from "./progress_line.ts";

/** Three digits, and no zeros behind them. */
export const short = (value: number): string => `${Number(value.toPrecision(3))}`;

export const percent = (share: number): string => `${(share * 100).toFixed(share < 0.0995 ? 1 : 0)} %`;

/** Seconds as they are compared: `0.41 s`, `8.4 s`, `3 min 20 s`. */
export const secondsText = (s: number): string => s < 1 ? `${s.toFixed(2)} s` : duration(s);
