import { livePlans } from "./check_manifest.ts";
import type { Plan } from "./contracts/manifest.ts";
import { MANIFEST, MERGE_STATUS, MERGED, metricsName, outName, SUBMIT_META } from "./run_paths.ts";

/** Sums of all files of an archive, as `sha256sum -c` reads them. */
export const SUMS = "SHA256SUMS";

/** Files that an archive must have, and those that it takes where they are there. */
export interface ArchiveNames {
  needed: string[];
  optional: string[];
}

/** The minimal set that proves a run: manifest, both files of each live shard, and the merged document. */
export function archiveNames(manifest: { plans: Plan[] }): ArchiveNames {
  const shards = livePlans(manifest).map((plan) => plan.shard_index);
  return {
    needed: [MANIFEST, MERGED, ...shards.flatMap((shard) => [outName(shard), metricsName(shard)])],
    optional: [MERGE_STATUS, SUBMIT_META],
  };
}

export interface Sum {
  name: string;
  sha256: string;
}

export const sumsText = (sums: readonly Sum[]): string =>
  sums.map(({ name, sha256 }) => `${sha256}  ${name}\n`).join("");

/** @throws {Error} for a line that is none */
export function readSums(text: string): Sum[] {
  return text.split("\n").filter((line) => line !== "").map((line) => {
    const [, sha256, name] = /^([0-9a-f]{64}) {2}([^/\0]+)$/.exec(line) ?? [];
    if (sha256 === undefined || name === undefined) {
      throw new Error(`has a line that is no sum: "${line.slice(0, 80)}"`);
    }
    return { name, sha256 };
  });
}
