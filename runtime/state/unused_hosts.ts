import { FarmError } from "../../core/errors.ts";
import type { FarmManifest } from "../../core/schema/manifest.ts";
import { hostKey } from "../../core/ssh/hosts_file.ts";
import { preflightCommand } from "../../core/ssh/ssh_flags.ts";
import { orRefusal } from "../fs/list.ts";
import { readHosts } from "../run/hosts_file.ts";

/**
 * Returns a sentence for each host of a run's hosts file that gave no result; none where the file cannot be read.
 * @param finished the host of each shard of the run
 */
export function unusedHosts({ farm: { options } }: FarmManifest, finished: readonly string[]): string[] {
  const path = options["hosts-file"];
  if (typeof path !== "string") return [];
  const file = orRefusal(() => readHosts(path));
  if (file instanceof FarmError) return [];
  const used = new Set(finished);
  const unused = file.hosts.map(hostKey).filter((name) => !used.has(name));
  const why = `${preflightCommand(options)} shows whether it can be used`;
  return unused.map((name) => `the host ${name} finished no shard: ${why}`);
}
