import { isAbsolute, join, normalize, relative } from "node:path";

/** Whether a normalized path is a folder or lies in it. */
export function isInside(path: string, folder: string): boolean {
  const way = relative(folder, path);
  return way !== ".." && !way.startsWith("../") && !isAbsolute(way);
}

/**
 * Returns where a file lies that a document names. One that lay inside the document's own folder when it was written
 * lies at the same place inside that folder now: a copy is read and written where it lies, never in its original.
 * Null for one that lay outside.
 *
 * @param written as the document has it
 * @param before where the document's folder may have lain when it was written
 * @param now where it lies
 */
export function pathNow(written: string, before: readonly string[], now: string): string | null {
  const path = normalize(isAbsolute(written) ? written : join(now, written));
  const folders = [now, ...before.map(normalize)].filter((folder) => isAbsolute(folder) && folder !== "/");
  const holding = folders.filter((folder) => isInside(path, folder));
  if (holding.length === 0) return null;
  // A copy may lie inside its original, or the other way round: the innermost folder is the one that was meant.
  const meant = holding.reduce((inner, folder) => folder.length > inner.length ? folder : inner);
  return join(now, relative(meant, path));
}
