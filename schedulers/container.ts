import { basename, dirname, join } from "node:path";
import { FarmError } from "../core/errors.ts";
import type { RenderContext } from "./adapter.ts";

/**
 * Folders that a container must see for a job on a shared file system: the run's, the programs', the spec's and those
 * of the files that it names.
 * @throws {FarmError} usage, for a path that Apptainer's --bind cannot name (apptainer-exec(1): `:` and `,` divide)
 */
export function boundFolders({ manifest, run_dir, nsfarm }: RenderContext): string[] {
  const spec = dirname(manifest.config);
  const inputs = manifest.farm.inputs.map(({ path }) => dirname(path.startsWith("/") ? path : join(spec, path)));
  const all = new Set([run_dir, dirname(nsfarm), dirname(manifest.nextstat_bin), spec, ...inputs]);
  const folders = [...all].filter((folder) => ![...all].some((one) => folder.startsWith(`${one}/`)));
  for (const folder of folders) checkBind(folder);
  return folders.sort();
}

function checkBind(folder: string): void {
  if (!/[:,]/.test(folder)) return;
  throw new FarmError(
    "usage",
    `Cannot use --container: the folder "${folder}" has a ":" or a "," in its name, which Apptainer cannot bind`,
    "Put the files into a folder with a plain name",
  );
}

/** Images below /cvmfs are on every node, and those with `://` are fetched there. */
export function isSentImage(container: string | undefined): container is string {
  return container !== undefined && !container.includes("://") && !container.startsWith("/cvmfs/");
}

/** An image's name in the sandbox of a job that shares no disk. */
export const imageInSandbox = (container: string): string =>
  isSentImage(container) ? `./${basename(container)}` : container;
