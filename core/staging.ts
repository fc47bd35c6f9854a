import { FarmError } from "./errors.ts";

/** The folder of a run directory in which the spec and the files that it names lie for nodes that share no disk. */
export const INPUTS = "inputs";

/** Where each input goes below one folder, in its own place relative to the spec. */
export interface StagePlan {
  /** The spec, relative to that folder. */
  config: string;
  /** From the path as the spec names it to the place below the folder. */
  files: { from: string; to: string }[];
}

/**
 * Lays out a spec and the files that it names under one root, so that every relative path in the spec still holds:
 * with `../` in them the root is as many folders above the spec.
 * @param spec base name of the spec
 * @param folders names of the folders above the spec, nearest first
 * @throws {FarmError} input, for an absolute path: the spec would name it on the other machine too
 */
export function planStage(spec: string, paths: readonly string[], folders: readonly string[]): StagePlan {
  const absolute = paths.find((path) => path.startsWith("/"));
  if (absolute !== undefined) {
    throw new FarmError(
      "input",
      `Cannot send "${absolute}" to another machine: the spec names it by an absolute path`,
      "Name it relative to the spec, or use a shared file system (--mode shared)",
    );
  }
  const up = Math.max(0, ...paths.map(climb));
  const above = folders.slice(0, up).reverse();
  const place = (path: string) => normal([...above, ...path.split("/")]).join("/");
  return { config: place(spec), files: paths.map((path) => ({ from: path, to: place(path) })) };
}

/** How many folders above its start a relative path reaches. */
function climb(path: string): number {
  let [depth, lowest] = [0, 0];
  for (const part of path.split("/")) {
    if (part === "..") depth--;
    else if (part !== "" && part !== ".") depth++;
    lowest = Math.min(lowest, depth);
  }
  return -lowest;
}

function normal(parts: string[]): string[] {
  const kept: string[] = [];
  for (const part of parts) {
    if (part === "..") kept.pop();
    else if (part !== "" && part !== ".") kept.push(part);
  }
  return kept;
}
