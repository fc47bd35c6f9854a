import { basename, dirname, isAbsolute, join, normalize } from "node:path";
import { FarmError } from "./errors.ts";
import type { InputFile } from "./schema/enums.ts";
import type { FarmManifest, Manifest } from "./schema/manifest.ts";

/** Folder of a run directory with the spec and its files, for nodes without a shared disk. */
export const INPUTS = "inputs";

/** Folder of a run directory with the specs and data from which its fits start, or its copy of a workspace. */
export const STARTS = "starts";

/** Path of a run's own copy of a workspace, in the run directory. */
export const WORKSPACE_COPY = `${STARTS}/workspace.json`;

/** Returns the files of a run's starts and its copy of the workspace, by their paths in the run directory. */
export const startFiles = ({ farm }: Pick<Manifest, "farm">): readonly InputFile[] => [
  ...farm?.starts?.files ?? [],
  ...(farm?.workspace ? [farm.workspace] : []),
];

/** Returns when one of those files was made, in ms since 1970; undefined: unknown. */
export const startTime = ({ farm }: Pick<Manifest, "farm">, path: string): number | undefined =>
  farm?.workspace?.path === path ? farm.workspace.mtime_ms : farm?.starts?.mtimes_ms?.[path];

/** Returns the path of an input: absolute, or relative to the spec's folder. */
export const inputPath = (config: string, path: string): string =>
  isAbsolute(path) ? path : join(dirname(config), path);

/** Returns the path of the spec relative to the run directory: at the top of inputs/, or where `render` put it. */
export const stagedConfig = (manifest: FarmManifest): string =>
  manifest.farm.staged_config ?? `${INPUTS}/${basename(manifest.config)}`;

/** Place of each input below one folder, at its path relative to the spec. */
export interface StagePlan {
  /** The spec, relative to the folder. */
  config: string;
  /** Path in the spec, and place below the folder. */
  files: { from: string; to: string }[];
}

/**
 * Plans the layout of a spec and its files under one root, so that every relative path in the spec stays valid: with
 * `../` in a path the root is that many folders above the spec.
 * @param spec base name of the spec
 * @param folders names of the folders above the spec, nearest first
 * @throws {FarmError} input, for an absolute path, which the other machine would not have
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
  const place = (path: string) => join("/", ...above, path).slice(1);
  return { config: place(spec), files: paths.map((path) => ({ from: path, to: place(path) })) };
}

/** Returns how many folders a relative path climbs above its start. */
const climb = (path: string): number => normalize(path).split("/").filter((part) => part === "..").length;
