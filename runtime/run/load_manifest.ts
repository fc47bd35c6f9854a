import { basename, dirname, join, resolve } from "node:path";
import * as z from "../../core/schema/zod.ts";
import { isFarmManifest, manifestFault } from "../../core/check_manifest.ts";
import { FarmError, orElse } from "../../core/errors.ts";
import { quickCheck } from "../../core/quick_check.ts";
import { isOfRunDirectory, MANIFEST } from "../../core/run_paths.ts";
import { type FarmManifest, Manifest, RUN_SCHEMA } from "../../core/schema/manifest.ts";
import { quoteWord } from "../../core/shell_quote.ts";
import { isSameBytes } from "../fs/exclusive.ts";
import { infoOf } from "../fs/hash_file.ts";
import { listNames } from "../fs/list.ts";
import {
  decodeText,
  explainRead,
  MAX_DOCUMENT_BYTES,
  ofSchema,
  parseJson,
  parseText,
  readDocument,
  readRegular,
  Unreadable,
} from "../fs/read.ts";
import { exists } from "../fs/write.ts";

/** A run directory and its manifest; `dir` is its present path, which may differ from manifest.run_dir. */
export interface Run<M = Manifest> {
  dir: string;
  manifest_path: string;
  manifest: M;
}

/** Returns the manifest's path of RUN_DIR or of its manifest.json (any name ending in .json). */
function manifestPath(run: string): string {
  const path = resolve(run);
  return path.endsWith(".json") ? path : join(path, MANIFEST);
}

/** Returns the size of the manifest of a run; 0 where it cannot be inspected. */
export const manifestBytes = (run: string): number => infoOf(manifestPath(run))?.size ?? 0;

/** Opens a run of this program or of the old scripts. @throws {FarmError} input, when its manifest is none */
export const loadRun = (run: string): Run => loadBy(readManifest, run);

function loadBy(read: (path: string) => ReadManifest, run: string): Run {
  const manifest_path = manifestPath(run);
  const { manifest, fault } = explainRead("the manifest", manifest_path, namedInstead(manifest_path), read);
  if (fault) {
    throw new FarmError(
      "input",
      `The manifest "${manifest_path}" contradicts itself: ${fault}`,
      "Restore it from a copy, or render the run again",
    );
  }
  return { dir: dirname(manifest_path), manifest_path, manifest };
}

/** Returns advice where a file is no manifest; the document of several runs has a command for all of them. */
function namedInstead(path: string): string {
  if (/\.tar$/.test(dirname(path))) return `Unpack the archive first: tar -xf ${quoteWord(dirname(path))}`;
  const kind = /\.(limit|inject|sweep)\.json$/.exec(path)?.[1];
  return kind === undefined
    ? `Name a run directory, or its ${MANIFEST} of schema ${RUN_SCHEMA}`
    : `Name one of its runs, or all: nsfarm-deno ${kind} summarize --${kind}-json ${quoteWord(path)}`;
}

interface ReadManifest {
  manifest: Manifest;
  /** What is wrong with its plans, or null. */
  fault: string | null;
}

let last: ReadManifest & { bytes: Uint8Array } | undefined;

/** Reads a manifest; one whose bytes are those of the last is not parsed and checked again. @throws {Unreadable} */
function readManifest(path: string): ReadManifest {
  const bytes = readRegular(path, MAX_DOCUMENT_BYTES);
  if (last && isSameBytes(last.bytes, bytes)) return last;
  last = { bytes, ...checkedManifest(parseJson(bytes)) };
  return last;
}

function checkedManifest(document: unknown): ReadManifest {
  const manifest: Manifest = ofSchema(document, Manifest, quickCheck(Manifest));
  return { manifest, fault: manifestFault(manifest) };
}

/**
 * Returns the text of a manifest without the rows of results[], which are three quarters of it after a collect; whole
 * where this program did not lay it out. A text in JSON contains no line break.
 * @throws {Unreadable}
 */
export function textWithoutRows(path: string): string {
  const text = decodeText(readRegular(path, MAX_DOCUMENT_BYTES));
  const from = text.indexOf('\n  "results": [\n');
  const to = from < 0 ? -1 : text.indexOf("\n  ]", from);
  return to < 0 ? text : `${text.slice(0, text.indexOf("[", from) + 1)}${text.slice(to)}`;
}

/** Returns whether this program rendered a run, with all that its shards need. */
export const isFarmRun = (run: Run): run is Run<FarmManifest> => isFarmManifest(run.manifest);

/** Opens a run that this program rendered. @throws {FarmError} input, also for a run of the old scripts */
export function loadFarmRun(path: string): Run<FarmManifest> {
  return assertFarmRun(loadRun(path));
}

/** Returns a run with its manifest as it is now. @throws {FarmError} input */
export const runNow = ({ dir, manifest_path }: Run): Run<FarmManifest> => ({ ...loadFarmRun(manifest_path), dir });

/** Returns the run where this program rendered it. @throws {FarmError} input, for a run of the old scripts */
export function assertFarmRun(run: Run): Run<FarmManifest> {
  if (isFarmRun(run)) return run;
  const what = run.manifest.farm ? "lacks what is needed to run its shards" : "was rendered by other scripts";
  throw new FarmError(
    "input",
    `The run "${basename(run.dir)}" ${what}, so it cannot be run from here`,
    "Use status, doctor, logs, verify, collect, merge and report on it, or render a new run",
  );
}

/**
 * Opens a run by its directory or by any of its manifests. A directory means the run in it, also after a copy or move.
 * Only a manifest that lies apart from its shards, as `collect --out` writes one, leads to the directory in which they
 * were collected.
 * @throws {FarmError} input
 */
export function openRun(path: string): Run {
  const run = loadRun(path);
  const home = liesApart(run) ? homeOf(run) : undefined;
  return home === undefined ? run : { ...run, dir: home };
}

/**
 * Opens a run as openRun does, for a command that shows states by the files: without the rows of results[], except
 * where they say which shards there are, or where the run's directory is.
 * @throws {FarmError} input
 */
export function openForStates(path: string): Run {
  const run = loadBy((file) => checkedManifest(parseText(textWithoutRows(file))), path);
  return isFarmRun(run) && resolve(run.manifest.run_dir) === run.dir ? run : openRun(path);
}

/** Whether a manifest lists ended shards while neither their files nor another run are beside it. */
function liesApart({ dir, manifest_path, manifest }: Run): boolean {
  const { results = [], run_dir } = manifest;
  if (results.length === 0 || (run_dir !== undefined && resolve(run_dir) === dir)) return false;
  if (listNames(dir).some(isOfRunDirectory)) return false;
  // A rendered manifest lists the shards too once it was collected; but none of them has ended.
  if (basename(manifest_path) === MANIFEST) return results.some(({ status }) => status !== undefined);
  return !isHomeOf(dir, manifest);
}

/** Returns the directory in which the shards of a manifest were collected, else that of its run. */
function homeOf({ manifest }: Run): string | undefined {
  const collected = manifest.results?.find(({ local_dir }) => typeof local_dir === "string")?.local_dir;
  // The old ssh runner has a folder for each shard: RUN_DIR/shards/shard_000_HOST.
  const folders = collected ? [collected, dirname(dirname(collected))] : [];
  return [...folders, ...manifest.run_dir === undefined ? [] : [manifest.run_dir]]
    .map((folder) => resolve(folder))
    .find((folder) => isHomeOf(folder, manifest) || isLeft(folder, manifest));
}

/** Whether a directory is that of a manifest's run. */
const isHomeOf = (dir: string, manifest: Manifest): boolean => isManifestOf(join(dir, MANIFEST), manifest);

/** Returns whether a file is a manifest of the same run. */
export const isManifestOf = (path: string, manifest: Manifest): boolean =>
  orElse(false, () => {
    const there = readManifest(path).manifest;
    if (manifest.farm) return there.farm?.run_token === manifest.farm.run_token;
    return there.run_id === manifest.run_id && there.created_at_utc === manifest.created_at_utc;
  });

/** Whether a directory of the run's name is left of an old run whose manifest was removed. */
function isLeft(dir: string, { farm, run_id }: Manifest): boolean {
  return !farm && basename(dir) === run_id && exists(dir) && !exists(join(dir, MANIFEST));
}

/**
 * Relation of a run's directory to the path in its manifest. `moved`: the folder in its manifest is gone, so its jobs
 * still belong to this run. `copied`: the run is there too, and owns the jobs and processes on record.
 */
export type Origin = { kind: "own" } | { kind: "moved" | "copied"; from: string };

/** Returns how a run's directory got its present path. */
export function originOf({ dir, manifest: { run_dir, farm } }: Run): Origin {
  if (!farm || run_dir === undefined) return { kind: "own" };
  const from = resolve(run_dir);
  if (from === dir || isSameFolder(from, dir)) return { kind: "own" };
  return { kind: liesIn(from, farm.run_token) ? "copied" : "moved", from };
}

/** Whether two paths lead to the same folder, by links or by two mounts of one file system. */
const isSameFolder = (a: string, b: string): boolean =>
  orElse(false, () => {
    const [one, other] = [Deno.statSync(a), Deno.statSync(b)];
    // Two mounts of one file system may have two device numbers; the folder has one inode number in both.
    return one.ino !== null && one.ino === other.ino && one.birthtime?.getTime() === other.birthtime?.getTime();
  });

const Tokened = z.looseObject({ farm: z.looseObject({ run_token: z.string() }) });

/** Whether a folder holds the run of this token. An unreadable one counts as one that does: its jobs are left alone. */
function liesIn(dir: string, token: string): boolean {
  try {
    return readDocument(join(dir, MANIFEST), Tokened).farm.run_token === token;
  } catch (error) {
    return error instanceof Unreadable && error.fault !== null && !error.absent;
  }
}

/** Returns the mark of attempts on record that belong to another directory, of which this one is a copy; else empty. */
export function copyMark(run: Run): { copied_from?: string } {
  const origin = originOf(run);
  return origin.kind === "copied" ? { copied_from: origin.from } : {};
}

/** Returns whether the jobs and processes on record belong to another directory, of which this one is a copy. */
export const isCopy = (run: Run): boolean => originOf(run).kind === "copied";
