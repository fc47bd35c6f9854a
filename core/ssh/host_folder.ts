import type { FarmManifest } from "../contracts/manifest.ts";

/**
 * Returns where a run lies on a host, below the base folder there. Of several runs of one id, and of a run and its copy,
 * each has a folder of its own: the one that is whole first removes only that.
 * @param host its key (hostKey)
 */
export function hostFolder({ run_id, farm }: Pick<FarmManifest, "run_id" | "farm">, host: string): string {
  return folderOf([run_id, farm.run_token, farm.copy_token], host);
}

/** Returns where an earlier version had it: in one folder with all runs of its id. */
export function earlierHostFolder({ run_id, farm }: Pick<FarmManifest, "run_id" | "farm">, host: string): string {
  return folderOf([run_id, farm.copy_token], host);
}

function folderOf(run: (string | undefined)[], host: string): string {
  return `${run.filter((part) => part !== undefined).join(".")}/${host.replaceAll(/[^A-Za-z0-9._-]/g, "_")}`;
}
