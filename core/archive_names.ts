import { livePlans } from "./check_manifest.ts";
import type { Plan } from "./schema/manifest.ts";
import { MANIFEST, MERGE_STATUS, MERGED, metricsName, outName, SUBMIT_META } from "./run_paths.ts";

/** File of an archive with the sums of all its other files, in the format of `sha256sum -c`. */
export const SUMS = "SHA256SUMS";

/** Paths of a shard's files, relative to the run directory. */
export interface ShardFiles {
  out: string;
  metrics: string;
  /** Side files of the old scripts, with facts that a record would hold. */
  side: string[];
}

/** Returns the file names of each live shard. */
export function shardFiles(manifest: { plans: Plan[] }): ShardFiles[] {
  return livePlans(manifest).map(({ shard_index }) => ({
    out: outName(shard_index),
    metrics: metricsName(shard_index),
    side: [],
  }));
}

/** Returns the fewest files that prove a run, and those that an archive has besides where they exist. */
export function archiveNames(
  shards: readonly ShardFiles[],
  starts: readonly { path: string }[],
): { needed: string[]; optional: string[] } {
  return {
    needed: [
      MANIFEST,
      MERGED,
      ...starts.map(({ path }) => path),
      ...shards.flatMap(({ out, metrics }) => [out, metrics]),
    ],
    optional: [MERGE_STATUS, SUBMIT_META, ...shards.flatMap(({ side }) => side)],
  };
}

/** Returns whether a name leads to a file in the folder or below it, without `..`, `.` or a leading `/`. */
export function isWayDown(name: string): boolean {
  return !name.includes("\0") && name.split("/").every((part) => part !== "" && part !== "." && part !== "..");
}

interface Sum {
  name: string;
  sha256: string;
}

export const sumsText = (sums: readonly Sum[]): string =>
  sums.map(({ name, sha256 }) => `${sha256}  ${name}\n`).join("");

/** Reads a list of sums as `sha256sum` writes it. @throws {Error} for a line in another format */
export function readSums(text: string): Sum[] {
  return text.split("\n").filter((line) => line !== "").map((line) => {
    const [, sha256, name] = /^([0-9a-f]{64}) {2}(.+)$/.exec(line) ?? [];
    if (sha256 === undefined || name === undefined || !isWayDown(name)) {
      throw new Error(`has a line that is no sum: "${line.slice(0, 80)}"`);
    }
    return { name, sha256 };
  });
}
