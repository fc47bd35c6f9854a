import { dirname, join } from "node:path";
import { FarmError } from "../../core/errors.ts";
import { ATTEMPTS, CLAIMS, INCOMING, MANIFEST } from "../../core/run_paths.ts";
import type { FarmManifest } from "../../core/schema/manifest.ts";
import { type StagePlan, startFiles, startTime } from "../../core/staging.ts";
import type { Rendered } from "../../schedulers/adapter.ts";
import { exists, makeFolder, removeTree, rename, temporaryPath, writeWhole } from "../fs/write.ts";
import { stageInputs } from "./stage_inputs.ts";

/** Files of a run besides those of its adapter. */
export interface Extras {
  stage: StagePlan | undefined;
  /** Folder in which the run's starts were made. */
  scratch: string;
}

/** Writes all files under a temporary name beside the directory: no half run, and one of two renders succeeds. */
export function writeRun(dir: string, manifest: FarmManifest, rendered: Rendered, { stage, scratch }: Extras): void {
  makeFolder(dirname(dir));
  const staged = temporaryPath(dir);
  makeFolder(staged);
  try {
    if (stage) stageInputs(staged, manifest.config, stage);
    copyStarts(scratch, staged, manifest);
    // Empty folders too: a machine that looks one up before it exists may cache that it is absent.
    for (const folder of [ATTEMPTS, CLAIMS, INCOMING, ...rendered.folders ?? []]) makeFolder(join(staged, folder));
    for (const file of rendered.files) {
      if (file.path.includes("/")) makeFolder(join(staged, file.path, ".."));
      writeWhole(join(staged, file.path), file.text, file.executable ? 0o750 : 0o640);
    }
    writeWhole(join(staged, MANIFEST), JSON.stringify(manifest, null, 2) + "\n");
    nameRun(staged, dir);
  } catch (error) {
    removeTree(staged);
    throw error;
  }
}

/** Copies the files of a run's starts from one folder to another, with the time of their last change. */
export function copyStarts(scratch: string, staged: string, manifest: FarmManifest): void {
  for (const { path } of startFiles(manifest)) {
    makeFolder(dirname(join(staged, path)));
    const target = join(staged, path);
    Deno.copyFileSync(join(scratch, path), target);
    const mtime_ms = startTime(manifest, path);
    if (mtime_ms !== undefined) Deno.utimeSync(target, mtime_ms / 1000, mtime_ms / 1000);
  }
}

/** Gives the directory its name. rename(2) replaces an empty folder, never one with content. */
function nameRun(staged: string, dir: string): void {
  try {
    rename(staged, dir);
  } catch (error) {
    throw exists(dir) ? existsAlready(dir) : error;
  }
}

/** Returns the error for a run that exists. */
export function existsAlready(dir: string): FarmError {
  return new FarmError(
    "usage",
    `Cannot render "${dir}": it already exists, and an existing run is never changed`,
    "Choose another --run-id, or leave it out",
  );
}
