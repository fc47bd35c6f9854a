import type { FarmManifest } from "../../core/contracts/manifest.ts";
import type { ShardRecord } from "../../core/contracts/shard_record.ts";
import { FarmError } from "../../core/errors.ts";
import { recordHost } from "../../core/record.ts";
import { quoteWord } from "../../core/shell_quote.ts";
import { hostKey } from "../../core/ssh/hosts_file.ts";
import { orRefusal } from "../disk/refused.ts";
import { readHosts } from "../ssh/read_hosts.ts";

/**
 * Returns, in words, which hosts of a run's hosts file gave no result; none where the file cannot be read any more.
 * @param records of all shards of the run
 */
export function unusedHosts({ farm: { options } }: FarmManifest, records: readonly ShardRecord[]): string[] {
  const path = options["hosts-file"];
  if (typeof path !== "string") return [];
  const file = orRefusal(() => readHosts(path));
  if (file instanceof FarmError) return [];
  const used = new Set(records.map(recordHost));
  const unused = file.hosts.map(hostKey).filter((name) => !used.has(name));
  const why = `nsfarm-deno preflight --hosts-file ${quoteWord(path)} tells whether it can be used`;
  return unused.map((name) => `no shard was done on the host ${name}: ${why}`);
}
