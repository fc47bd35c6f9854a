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

/** Whether this program rendered a run, with all that its shards need. */
export const isFarmRun = (run: Run): run is Run<FarmManifest> => isFarmManifest(run.manifest);

/**
 * Opens a run that this program rendered.
 * @throws {FarmError} input, also when the old scripts made it
 */
export function loadFarmRun(path: string): Run<FarmManifest> {
  return assertFarmRun(loadRun(path));
}

/** @throws {FarmError} input, when it is a run of the old scripts, which is not run from here */
export function assertFarmRun(run: Run): Run<FarmManifest> {
  if (isFarmRun(run)) return run;
  const what = run.manifest.farm ? "lacks what is needed to run its shards" : "was rendered by other scripts";
  throw new FarmError(
    "input",
    `The run "${basename(run.dir)}" ${what}, so it cannot be run from here`,
    "Use status, doctor, logs, verify, collect, merge and report on it, or render a new run",
  );
}
