import { delimiter, dirname, join, resolve } from "node:path";
import { FarmError } from "../../core/errors.ts";

/**
 * The nextstat to use, as an absolute path: the one given, else the one beside this program, else the first on PATH.
 * The working directory is never searched.
 */
export function findNextstat(given: string | undefined): string {
  if (given !== undefined) return resolve(given);
  const beside = join(dirname(Deno.realPathSync(Deno.execPath())), "nextstat");
  const path = (Deno.env.get("PATH") ?? "").split(delimiter).filter((folder) => folder.startsWith("/"));
  const found = [beside, ...path.map((folder) => join(folder, "nextstat"))].find(isExecutable);
  if (found !== undefined) return found;
  throw new FarmError(
    "usage",
    "Cannot find nextstat: it is neither beside nsfarm-deno nor on PATH",
    "Give it with --nextstat-bin",
  );
}

function isExecutable(path: string): boolean {
  try {
    const { isFile, mode } = Deno.statSync(path);
    return isFile && mode !== null && (mode & 0o111) !== 0;
  } catch {
    return false;
  }
}
