import { statfsSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { FarmError, orElse } from "../../core/errors.ts";
import { isOfRunDirectory, isOurName, MANIFEST } from "../../core/run_paths.ts";
import { quoteWord } from "../../core/shell_quote.ts";
import { listNames } from "./list.ts";
import { readNext, whileOpen } from "./open.ts";
import { openRegular } from "./read.ts";
import { exists } from "./write.ts";

/** A kind of document that a command writes to the path of --out. */
export interface OutKind {
  flag: string;
  /** The document in words: `merged document`. */
  what: string;
  /** Name of this document in a run directory, which is refused in the directory of another run; null: none. */
  name: string | null;
  /** Whether an existing file is of this kind, so that a newer one may replace it. */
  isOne(path: string): boolean;
}

/**
 * Refuses a path that is reserved for a file of a run, or that holds anything but an older document of the same kind.
 * @throws {FarmError} usage, before anything is written
 */
export function refuseOut(kind: OutKind, path: string): void {
  const { flag, what } = kind;
  const target = resolve(path);
  const next = `Choose another ${flag}`;
  if (basename(target) === kind.name ? isHome(dirname(target)) : isOfRun(target)) {
    throw new FarmError(
      "usage",
      `Cannot write the ${what} to "${path}": the run keeps one of its own files there`,
      next,
    );
  }
  if (exists(target) && !kind.isOne(target)) {
    throw new FarmError(
      "usage",
      `Cannot write the ${what} to "${path}": the file there is not a ${what} and would be lost`,
      `${next}, or move it away first`,
    );
  }
}

/** Whether a name in a run directory, or in one of its folders, is reserved for the run. */
function isOfRun(path: string): boolean {
  const [dir, name] = [dirname(path), basename(path)];
  const above = dirname(dir);
  return (isOurName(name) && isRunDirectory(dir)) || (isOurName(`${basename(dir)}/${name}`) && isRunDirectory(above));
}

const isRunDirectory = (dir: string): boolean => exists(join(dir, MANIFEST));

/** Whether a folder holds shards of a run or is meant to. A manifest alone may come from `collect --out`. */
const isHome = (dir: string): boolean => isRunDirectory(dir) && listNames(dir).some(isOfRunDirectory);

const HEAD_BYTES = 4096;

/** Returns whether a file begins as this program writes such files; false for an unreadable one. */
export const beginsWith = (path: string, isHead: (head: string) => boolean): boolean =>
  orElse(
    false,
    () => whileOpen(openRegular(path), (file) => isHead(new TextDecoder().decode(readNext(file, HEAD_BYTES)))),
  );

/** Free space below which a shard's files do not fit. */
const MIN_BYTES = 256 * 1024;

/**
 * Returns advice for a run directory whose file system is full, where a job cannot even record its failure. Empty where
 * there is room or the free space is unknown; quotas are not seen.
 */
export function fullDiskAdvice(dir: string): string[] {
  const left = bytesLeft(dir);
  if (left === null || left >= MIN_BYTES) return [];
  const room = left === 0 ? "full" : `full but for ${Math.floor(left / 1024)} kB`;
  return [`the disk of the run directory is ${room}; free some space, then: nsfarm-deno retry ${quoteWord(dir)}`];
}

const bytesLeft = (dir: string): number | null =>
  orElse(null, () => {
    const { bavail, bsize, blocks } = statfsSync(dir);
    return blocks === 0 ? null : bavail * bsize;
  });
