import { basename, dirname, join, resolve } from "node:path";
import { Manifest } from "../../core/contracts/manifest.ts";
import { isOfRunDirectory, MANIFEST } from "../../core/run_paths.ts";
import { listNames } from "../disk/list_names.ts";
import { loadRun, type Run } from "./load_manifest.ts";
import { readDocument } from "../disk/read_file.ts";
import { exists } from "../disk/write_file.ts";

/**
 * Opens a run by its directory or by any of its manifests. A directory is what lies there, also where it was copied or
 * moved. Only a manifest that lies apart from its shards, as `collect --out` writes one, leads to the directory in
 * which they were collected.
 * @throws {FarmError} input
 */
export function openRun(path: string): Run {
  const run = loadRun(path);
  const home = liesApart(run) ? homeOf(run) : undefined;
  return home === undefined ? run : { ...run, dir: home };
}

/** Whether a manifest says that shards have ended, and nothing of them, nor of any run, lies beside it. */
function liesApart({ dir, manifest_path, manifest }: Run): boolean {
  const { results = [], run_dir } = manifest;
  if (results.length === 0 || (run_dir !== undefined && resolve(run_dir) === dir)) return false;
  if (listNames(dir).some(isOfRunDirectory)) return false;
  // The manifest of a rendered directory says so too, once it was collected; but no shard of it has ended.
  if (basename(manifest_path) === MANIFEST) return results.some(({ status }) => status !== undefined);
  return !isHomeOf(dir, manifest);
}

/** Where the shards of a manifest were collected, or else were to be. */
function homeOf({ manifest }: Run): string | undefined {
  const collected = manifest.results?.find(({ local_dir }) => typeof local_dir === "string")?.local_dir;
  // The old ssh runner has a folder for each shard: RUN_DIR/shards/shard_000_HOST.
  const folders = collected ? [collected, dirname(dirname(collected))] : [];
  return [...folders, ...manifest.run_dir === undefined ? [] : [manifest.run_dir]]
    .map((folder) => resolve(folder))
    .find((folder) => isHomeOf(folder, manifest) || isLeft(folder, manifest));
}

/** Whether a directory is of the run that a manifest tells of. */
const isHomeOf = (dir: string, manifest: Manifest): boolean => isManifestOf(join(dir, MANIFEST), manifest);

/** Whether a file is a manifest of the same run. */
export function isManifestOf(path: string, manifest: Manifest): boolean {
  try {
    const there: Manifest = readDocument(path, Manifest);
    if (manifest.farm) return there.farm?.run_token === manifest.farm.run_token;
    return there.run_id === manifest.run_id && there.created_at_utc === manifest.created_at_utc;
  } catch {
    return false;
  }
}

/** Whether a directory of the run's name is left of an old run whose manifest was taken away. */
function isLeft(dir: string, { farm, run_id }: Manifest): boolean {
  return !farm && basename(dir) === run_id && exists(dir) && !exists(join(dir, MANIFEST));
}
