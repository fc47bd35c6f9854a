import { basename, dirname, join, resolve } from "node:path";
import { type FarmManifest, Manifest, RUN_SCHEMA } from "../../core/contracts/manifest.ts";
import { FarmError } from "../../core/errors.ts";
import { quickCheck } from "../../core/quick_check.ts";
import { MANIFEST } from "../../core/run_paths.ts";
import { inputError, readDocument } from "../disk/read_file.ts";
import { isFarmManifest, manifestFault } from "../../core/check_manifest.ts";

/** A run directory and what was asked of it; `dir` is where it lies now, which may not be manifest.run_dir. */
export interface Run<M = Manifest> {
  dir: string;
  manifest_path: string;
  manifest: M;
}

/** The manifest's path of RUN_DIR or of its manifest.json (any name ending in .json). */
export function manifestPath(run: string): string {
  const path = resolve(run);
  return path.endsWith(".json") ? path : join(path, MANIFEST);
}

/**
 * Opens a run of ours or of the old scripts.
 * @throws {FarmError} input, when its manifest is not there, not ours, or contradicts itself
 */
export function loadRun(run: string): Run {
  const manifest_path = manifestPath(run);
  let manifest: Manifest;
  try {
    manifest = readDocument(manifest_path, Manifest, undefined, quickCheck(Manifest));
  } catch (error) {
    throw inputError(
      "the manifest",
      manifest_path,
      error,
      `Name a run directory, or its ${MANIFEST} of schema ${RUN_SCHEMA}`,
    );
  }
  const fault = manifestFault(manifest);
  if (fault) {
    throw new FarmError(
      "input",
      `The manifest "${manifest_path}" contradicts itself: ${fault}`,
      "Take it from a copy, or render the run again",
    );
  }
  return { dir: dirname(manifest_path), manifest_path, manifest };
}

/**
 * Opens a run that this program rendered.
 * @throws {FarmError} input, also when the old scripts made it
 */
export function loadFarmRun(run: string): Run<FarmManifest> {
  const { dir, manifest_path, manifest } = loadRun(run);
  if (!isFarmManifest(manifest)) {
    const what = manifest.farm ? "lacks what is needed to run its shards" : "was rendered by other scripts";
    throw new FarmError(
      "input",
      `The run "${basename(dir)}" ${what}, so it can be collected and merged, but not run`,
      "Use collect and merge on it, or render a new run",
    );
  }
  return { dir, manifest_path, manifest };
}
