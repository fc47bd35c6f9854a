import type { OptionValue } from "./contracts/manifest.ts";
import { FarmError } from "./errors.ts";
import { clockTime } from "./format.ts";
import { durationSeconds } from "./parse_flag.ts";

/** Twice an amount of memory, in its own unit: `2GB` becomes `4GB`. */
export function twiceMemory(value: OptionValue): string {
  const [, number, unit] = /^(\d+(?:\.\d+)?)\s*([A-Za-z]*)$/.exec(`${value}`) ?? [];
  if (number === undefined) {
    throw new FarmError(
      "usage",
      `Cannot double the memory "${value}": wanted a number and a unit`,
      "Give the new amount: --more-memory 4GB",
    );
  }
  return `${Number(number) * 2}${unit ?? ""}`;
}

/** Twice a time limit, as HH:MM:SS; a plain number stays one, in its scheduler's unit. */
export function twiceTime(value: OptionValue): string | number {
  if (typeof value === "number") return value * 2;
  if (/^\d+$/.test(`${value}`)) return `${Number(value) * 2}`;
  return clockTime(durationSeconds("--more-time")(`${value}`) * 2);
}
