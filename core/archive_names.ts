import { livePlans } from "./check_manifest.ts";
import type { Plan } from "./schema/manifest.ts";
import { MANIFEST, MERGE_STATUS, MERGED, metricsName, outName, SUBMIT_META } from "./run_paths.ts";

/** Sums of all files of an archive, as `sha256sum -c` reads them. */
export const SUMS = "SHA256SUMS";

/** Files that an archive must have, and those that it takes where they are there. */
interface ArchiveNames {
  needed: string[];
  optional: string[];
}

/** Where files of a shard lie in its run's directory. */
export interface ShardFiles {
  out: string;
  metrics: string;
  /** Side files of the old scripts, which tell what a record would. */
  side: string[];
}

/** Files of each live shard of a run that this program rendered. */
export function shardFiles(manifest: { plans: Plan[] }): ShardFiles[] {
  return livePlans(manifest).map(({ shard_index }) => ({
    out: outName(shard_index),
    metrics: metricsName(shard_index),
    side: [],
  }));
}

/** The minimal set that proves a run: manifest, both files of each live shard, and the merged document. */
export function archiveNames(shards: readonly ShardFiles[]): ArchiveNames {
  return {
    needed: [MANIFEST, MERGED, ...shards.flatMap(({ out, metrics }) => [out, metrics])],
    optional: [MERGE_STATUS, SUBMIT_META, ...shards.flatMap(({ side }) => side)],
  };
}

/** Whether a name leads to a file in a folder, or in folders below it, and nowhere else. */
export function isWayDown(name: string): boolean {
  return !name.includes("\0") && name.split("/").every((part) => part !== "" && part !== "." && part !== "..");
}

interface Sum {
  name: string;
  sha256: string;
}

export const sumsText = (sums: readonly Sum[]): string =>
  sums.map(({ name, sha256 }) => `${sha256}  ${name}\n`).join("");

/** @throws {Error} for a line that is none */
export function readSums(text: string): Sum[] {
  return text.split("\n").filter((line) => line !== "").map((line) => {
    const [, sha256, name] = /^([0-9a-f]{64}) {2}(.+)$/.exec(line) ?? [];
    if (sha256 === undefined || name === undefined || !isWayDown(name)) {
      throw new Error(`has a line that is no sum: "${line.slice(0, 80)}"`);
    }
    return { name, sha256 };
  });
}
