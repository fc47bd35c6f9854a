import type { FarmManifest } from "../contracts/manifest.ts";

/**
 * Returns where a run lies on a host, below the base folder there. Of several runs of one id, and of a run and its copy,
 * each has a folder of its own: the one that is whole first removes only that.
 * @param host its key (hostKey)
 */
export function hostFolder({ run_id, farm }: Pick<FarmManifest, "run_id" | "farm">, host: string): string {
  const run = [run_id, farm.run_token, farm.copy_token].filter((part) => part !== undefined).join(".");
  return `${run}/${host.replaceAll(/[^A-Za-z0-9._-]/g, "_")}`;
}
