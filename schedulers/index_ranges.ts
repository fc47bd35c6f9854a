import { rangesText } from "../core/format.ts";

/** A list of array indexes as schedulers write it: `0-16,18,20-41`. */
export const formatIndexes = (indexes: readonly number[]): string => rangesText(indexes, ",");

/** More indexes than this in one answer are a fault of it. */
const MOST = 5_000_000;

/**
 * Reads `3-9%3`, `[0,2-4]`, `0-100:2`; null for anything else, above all for a list that Slurm cut short with `...`
 * (squeue(1), SLURM_BITSTR_LEN: 64 characters by default).
 */
export function readIndexes(text: string): number[] | null {
  const list = text.replace(/^\[(.*)\]$/, "$1").replace(/%\d+$/, "");
  const indexes: number[] = [];
  for (const part of list.split(",")) {
    const [, first, last = first, step = "1"] = /^(\d{1,9})(?:-(\d{1,9})(?::(\d{1,9}))?)?$/.exec(part) ?? [];
    if (first === undefined || Number(step) < 1 || Number(last) - Number(first) > MOST) return null;
    for (let index = Number(first); index <= Number(last); index += Number(step)) indexes.push(index);
    if (indexes.length > MOST) return null;
  }
  return indexes;
}
