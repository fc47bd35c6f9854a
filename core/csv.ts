import type { Cell } from "./workload/workload.ts";

/** Returns a text as a field of CSV: in quotes where it has a separator, a quote or a line break (RFC 4180, 2.6, 2.7). */
export const quoteField = (text: string): string => /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;

/** Returns a line of CSV with its line break (RFC 4180); null is an empty field. */
export const csvLine = (cells: readonly Cell[]): string => `${cells.map(fieldOf).join(",")}\r\n`;

/** Returns a value with the fewest digits that read back equal (ECMA-262, Number::toString), and the sign of zero. */
function fieldOf(cell: Cell): string {
  if (typeof cell === "string") return quoteField(cell);
  return Object.is(cell, -0) ? "-0" : `${cell ?? ""}`;
}
