import { manifestFault } from "../../core/check_manifest.ts";
import type { FarmManifest, Manifest } from "../../core/contracts/manifest.ts";
import { changeDocument } from "../disk/change_document.ts";
import { loadFarmRun, loadRun, type Run } from "./load_manifest.ts";

/**
 * Changes the manifest of a run, under its lock: the only way in which one that is there is written. Whatever is slow
 * (a scheduler's answer, hashes, all shards) is found out before; `change` applies it to the manifest as it is now,
 * which others may have changed since this process read it.
 * @param change gives back the same object where there is nothing to change
 * @returns the run with its manifest as it is now
 * @throws {FarmError} input, when it cannot be read or written
 */
export const changeManifest = (run: RunFiles, change: (now: Manifest) => Manifest): Run =>
  changed(run, loadRun, change);

/** As changeManifest, for a run that this program rendered. */
export const changeFarmManifest = (run: RunFiles, change: (now: FarmManifest) => FarmManifest): Run<FarmManifest> =>
  changed(run, loadFarmRun, change);

type RunFiles = Pick<Run, "dir" | "manifest_path">;

function changed<M extends Manifest>(
  { dir, manifest_path }: RunFiles,
  load: (path: string) => Run<M>,
  change: (now: M) => M,
): Run<M> {
  const manifest = changeDocument(manifest_path, () => load(manifest_path).manifest, (now) => checked(change(now)));
  return { dir, manifest_path, manifest };
}

/** A manifest that contradicts itself could not be read again. */
function checked<M extends Manifest>(manifest: M): M {
  const fault = manifestFault(manifest);
  if (fault === null) return manifest;
  throw new Error(`A change would make a manifest that contradicts itself: ${fault}`);
}
