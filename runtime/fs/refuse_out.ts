import { statfsSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { FarmError } from "../../core/errors.ts";
import { isOfRunDirectory, isOurName, MANIFEST } from "../../core/run_paths.ts";
import { quoteWord } from "../../core/shell_quote.ts";
import { listNames } from "./list.ts";
import { openRegular } from "./read.ts";
import { exists } from "./write.ts";

/** What a command writes where --out says. */
export interface OutKind {
  /** `--out` */
  flag: string;
  /** `merged document` */
  what: string;
  /** The file of a run whose name it may have, but in the directory of a run; null: none. */
  name: string | null;
  /** Whether a file that is there is one of this kind, so that a newer one may take its place. */
  isOne(path: string): boolean;
}

/**
 * Refuses a path where a file of a run belongs, and one where something else than an older document of the same kind
 * lies.
 * @throws {FarmError} usage; nothing is written yet
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

/** Whether a name in a run directory, or in one of its folders, is the run's. */
function isOfRun(path: string): boolean {
  const [dir, name] = [dirname(path), basename(path)];
  const above = dirname(dir);
  return (isOurName(name) && isRunDirectory(dir)) || (isOurName(`${basename(dir)}/${name}`) && isRunDirectory(above));
}

const isRunDirectory = (dir: string): boolean => exists(join(dir, MANIFEST));

/** Whether shards of a run lie in a folder, or are to: a manifest alone may be one that `collect --out` wrote there. */
const isHome = (dir: string): boolean => isRunDirectory(dir) && listNames(dir).some(isOfRunDirectory);

const HEAD_BYTES = 4096;

/** Whether a file begins as one that this program wrote; what cannot be read does not. */
export function beginsWith(path: string, isHead: (head: string) => boolean): boolean {
  try {
    const file = openRegular(path);
    try {
      const bytes = new Uint8Array(HEAD_BYTES);
      const n = file.readSync(bytes) ?? 0;
      return isHead(new TextDecoder().decode(bytes.subarray(0, n)));
    } finally {
      file.close();
    }
  } catch {
    return false;
  }
}

/** Less than this is no room for a shard's files. */
const MIN_BYTES = 256 * 1024;

/**
 * What to do about a run directory whose file system is full: a job there cannot even write that it failed. Empty where
 * there is room, or it cannot be asked; a quota is not seen.
 */
export function fullDiskAdvice(dir: string): string[] {
  const left = bytesLeft(dir);
  if (left === null || left >= MIN_BYTES) return [];
  const room = left === 0 ? "full" : `full but for ${Math.floor(left / 1024)} kB`;
  return [`the disk of the run directory is ${room}; free some space, then: nsfarm-deno retry ${quoteWord(dir)}`];
}

function bytesLeft(dir: string): number | null {
  try {
    const { bavail, bsize, blocks } = statfsSync(dir);
    return blocks === 0 ? null : bavail * bsize;
  } catch {
    return null;
  }
}
