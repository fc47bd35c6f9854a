import { statfsSync } from "node:fs";
import { quoteWord } from "../../core/shell_quote.ts";

/** Less than this is no room for a shard's files. */
const LEAST_BYTES = 256 * 1024;

/**
 * What to do about a run directory whose file system is full: a job there cannot even write that it failed. Empty where
 * there is room, or it cannot be asked; a quota is not seen.
 */
export function fullDiskAdvice(dir: string): string[] {
  const left = bytesLeft(dir);
  if (left === null || left >= LEAST_BYTES) return [];
  const room = left === 0 ? "full" : `full but for ${Math.floor(left / 1024)} kB`;
  return [`the disk of the run directory is ${room}; make room, then: nsfarm-deno retry ${quoteWord(dir)}`];
}

function bytesLeft(dir: string): number | null {
  try {
    const { bavail, bsize, blocks } = statfsSync(dir);
    return blocks === 0 ? null : bavail * bsize;
  } catch {
    return null;
  }
}
