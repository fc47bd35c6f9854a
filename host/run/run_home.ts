import { join, resolve } from "node:path";
import type { Manifest } from "../../core/contracts/manifest.ts";
import { Manifest as ManifestSchema } from "../../core/contracts/manifest.ts";
import { MANIFEST, readShardName } from "../../core/run_paths.ts";
import { listNames } from "../shard/attempts.ts";
import { loadRun, type Run } from "./load_manifest.ts";
import { readDocument } from "../disk/read_file.ts";

/**
 * Opens a run by its directory or by any of its manifests: one that `collect --out` wrote elsewhere speaks of the
 * directory where it was made, not of the folder it lies in.
 * @throws {FarmError} input
 */
export function openRun(path: string): Run {
  const run = loadRun(path);
  const { run_dir, farm } = run.manifest;
  if (!farm || run_dir === undefined || resolve(run_dir) === run.dir || hasShards(run.dir)) return run;
  return isHomeOf(run_dir, farm.run_token) ? { ...run, dir: resolve(run_dir) } : run;
}

const hasShards = (dir: string) => listNames(dir).some((name) => readShardName(name) !== undefined);

function isHomeOf(dir: string, run_token: string): boolean {
  try {
    const manifest: Manifest = readDocument(join(dir, MANIFEST), ManifestSchema);
    return manifest.farm?.run_token === run_token;
  } catch {
    return false;
  }
}
