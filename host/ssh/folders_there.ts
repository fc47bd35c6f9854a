import { existsSync } from "node:fs";
import { join } from "node:path";
import { HOSTS } from "../../core/run_paths.ts";
import { makeFolder, removeQuietly, writeWhole } from "../disk/write_file.ts";

const pathOf = (dir: string, host: string) => join(dir, HOSTS, encodeURIComponent(host));

/** Notes that a host has a folder of the run, before it is made there. @param host its key (hostKey) */
export function noteFolder(dir: string, host: string): void {
  if (hasFolder(dir, host)) return;
  makeFolder(join(dir, HOSTS));
  writeWhole(pathOf(dir, host), "");
}

/** Returns whether a host may still have a folder of the run. */
export const hasFolder = (dir: string, host: string): boolean => existsSync(pathOf(dir, host));

/** Forgets a host whose folder is removed. */
export const forgetFolder = (dir: string, host: string): void => removeQuietly(pathOf(dir, host));
