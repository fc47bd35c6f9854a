import { basename, dirname, isAbsolute } from "node:path";
import { livePlans } from "./check_manifest.ts";
import type { FarmManifest, Plan } from "./schema/manifest.ts";
import { inputPath, INPUTS, planStage } from "./staging.ts";
import { isTarName } from "./tar.ts";
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

/** List in an archive of the inputs whose paths it could not keep: its name, a tab, and the path in the spec. */
export const RENAMED = "RENAMED_INPUTS.txt";

/** A file that the fits of a run read, and its place in an archive. */
interface ArchivedInput {
  /** As the spec names it. */
  path: string;
  /** Where it was when the run was rendered. */
  from: string;
  /** Relative to the run's folder. */
  name: string;
  bytes: number;
  sha256: string;
  /** Whether the spec in the archive does not find it under this name. */
  is_renamed: boolean;
}

/** Bytes of the longest folder of an archive, with the sign behind it. */
const FOLDER = `${"x".repeat(64)}/`;

/**
 * Returns the place of a run's spec and of each file that it names, so that all relative paths in the spec stay valid
 * below inputs/. Those with an absolute path, or one too long for a tar, get another name.
 */
export function archivedInputs({ config, farm: { inputs } }: Pick<FarmManifest, "config" | "farm">): ArchivedInput[] {
  const folders = dirname(config).split("/").filter((name) => name !== "").reverse();
  const relative = inputs.map(({ path }) => path).filter((path) => !isAbsolute(path));
  const places = new Map(planStage(basename(config), relative, folders).files.map(({ from, to }) => [from, to]));
  const found = inputs.map(({ path, bytes, sha256 }, i) => {
    const kept = `${INPUTS}/${places.get(path) ?? ""}`;
    const is_renamed = !places.has(path) || !isWayDown(kept) || !isTarName(FOLDER + kept);
    const name = is_renamed ? `${INPUTS}/renamed/${i}_${basename(path).slice(-20)}` : kept;
    return { path, from: inputPath(config, path), name, bytes, sha256, is_renamed };
  });
  return [...new Map(found.map((one) => [one.name, one])).values()];
}

/** Returns the text of the list of renamed inputs; empty: none is. */
export const renamedText = (inputs: readonly ArchivedInput[]): string =>
  inputs.filter(({ is_renamed }) => is_renamed).map(({ name, path }) => `${name}\t${path}\n`).join("");
