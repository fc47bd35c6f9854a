import { createHash } from "node:crypto";
import { join, relative } from "node:path";
import { isFarmManifest } from "../../core/check_manifest.ts";
import { errorText, FarmError, orElse } from "../../core/errors.ts";
import type { MergedCheck } from "../../core/merge/merged_check.ts";
import { MANIFEST, MERGE_STATUS, MERGED, OLD_SIDE_KINDS, oldSideName } from "../../core/run_paths.ts";
import {
  archiveNames,
  isWayDown,
  readSums,
  type ShardFiles,
  shardFiles,
  SUMS,
  sumsText,
} from "../../core/archive_names.ts";
import { MergeStatus } from "../../core/schema/merge_report.ts";
import { quoteWord } from "../../core/shell_quote.ts";
import { startFiles } from "../../core/staging.ts";
import { readTarHeader, TAR_BLOCK, type TarFile, tarHeader, tarPadding } from "../../core/tar.ts";
import { sha256Of } from "../fs/hash_file.ts";
import { readNext, whileOpen } from "../fs/open.ts";
import { inputError, openRegular, parseJson, Unreadable, unreadable } from "../fs/read.ts";
import { refuseOut } from "../fs/refuse_out.ts";
import { exists, type Fill, hashAlong, writeStreamed } from "../fs/write.ts";
import { mergedCheckOf } from "../merge/check_merged.ts";
import { type Finding, verifyFiles } from "../merge/verify.ts";
import { openRun, type Run } from "../run/load_manifest.ts";
import { oldShards } from "../shard/old_run.ts";

export interface ArchiveReport {
  archive: string;
  n_files: number;
  findings: Finding[];
  /** From the archive's merge_status.json; null where it has no verdict. */
  guardrails_passed: boolean | null;
}

/**
 * Checks an archive file: its headers, each file by its sum, and that the sums name all files and no others.
 * @throws {FarmError} input, when it cannot be read
 */
export function verifyArchive(path: string): ArchiveReport {
  const file = openArchive(path);
  try {
    const { found, sums, status } = readArchive(file);
    return {
      archive: path,
      n_files: found.size + (sums === null ? 0 : 1),
      findings: compare(found, sums),
      guardrails_passed: status?.guardrails_passed ?? null,
    };
  } catch (error) {
    const findings = [{ file: path, what: errorText(error) }];
    return { archive: path, n_files: 0, findings, guardrails_passed: null };
  } finally {
    file.close();
  }
}

function openArchive(path: string): Deno.FsFile {
  try {
    if (!Deno.statSync(path).isFile) throw new Unreadable("is no regular file", false);
    return Deno.openSync(path);
  } catch (error) {
    throw inputError("the archive", path, unreadable(error), "Name a .tar, or a run directory");
  }
}

interface ReadArchive {
  /** The sha256 of each file by its name in the run's folder. */
  found: Map<string, string>;
  sums: string | null;
  status: MergeStatus | undefined;
}

function readArchive(file: Deno.FsFile): ReadArchive {
  const found = new Map<string, string>();
  let sums: string | null = null;
  let status: MergeStatus | undefined;
  let folder: string | undefined;
  for (let header = readTarHeader(read(file, TAR_BLOCK)); header; header = readTarHeader(read(file, TAR_BLOCK))) {
    const [, parent, name] = /^([^/]+)\/(.+)$/.exec(header.name) ?? [];
    if (parent === undefined || name === undefined || !isWayDown(header.name)) {
      throw new Error(`has "${header.name}", which lies in no folder of a run`);
    }
    folder ??= parent;
    if (parent !== folder || found.has(name)) throw new Error(`has "${header.name}" beside "${folder}", or twice`);
    if (name === SUMS) sums = new TextDecoder().decode(read(file, header.bytes));
    else if (name === MERGE_STATUS) {
      const bytes = read(file, header.bytes);
      found.set(name, sha256Of(bytes));
      status = statusIn(bytes);
    } else found.set(name, hashOf(file, header));
    if (read(file, tarPadding(header.bytes)).some((byte) => byte !== 0)) {
      throw new Error(`has bytes after "${header.name}"`);
    }
  }
  if (read(file, TAR_BLOCK).some((byte) => byte !== 0) || file.readSync(new Uint8Array(1)) !== null) {
    throw new Error("continues after its end");
  }
  return { found, sums, status };
}

/** Returns the merge status; undefined where it cannot be read, in which case its sum shows the damage. */
const statusIn = (bytes: Uint8Array): MergeStatus | undefined =>
  orElse(undefined, () => MergeStatus.safeParse(parseJson(bytes)).data);

function hashOf(file: Deno.FsFile, { bytes }: TarFile): string {
  const hash = createHash("sha256");
  const piece = 1024 * 1024;
  for (let left = bytes; left > 0; left -= piece) hash.update(read(file, Math.min(piece, left)));
  return hash.digest("hex");
}

/** Reads exactly so many bytes. @throws {Error} where the archive ends before */
function read(file: Deno.FsFile, bytes: number): Uint8Array {
  const found = readNext(file, bytes);
  if (found.length < bytes) throw new Error("is cut off");
  return found;
}

/** Returns the differences between files and sums. */
function compare(found: ReadonlyMap<string, string>, text: string | null): Finding[] {
  if (text === null) return [{ file: SUMS, what: "is not there" }];
  const sums = new Map(readSums(text).map(({ name, sha256 }) => [name, sha256]));
  const wrong = [...sums].flatMap(([name, sha256]): Finding[] => {
    const actual = found.get(name);
    if (actual === undefined) return [{ file: name, what: `is named in ${SUMS}, but missing` }];
    return actual === sha256 ? [] : [{ file: name, what: `has another sha256 than ${SUMS} says` }];
  });
  const unnamed = [...found.keys()].filter((name) => !sums.has(name));
  return [...wrong, ...unnamed.map((file) => ({ file, what: `is not named in ${SUMS}` }))];
}

export interface WrittenArchive {
  archive: string;
  run_id: string;
  n_files: number;
  bytes: number;
  sha256: string;
  /** Files of the minimal set that are missing. */
  missing: string[];
  /** Checks of the merged document in it. */
  merged_check: MergedCheck;
}

/**
 * Packs the minimal set of a run, with the sum of each file, into one tar.
 * @param out null: `<run_dir>.tar`
 * @throws {FarmError} shards, when the run does not verify and `allow_partial` is false; usage, when the file exists
 */
export async function writeArchive(path: string, out: string | null, allow_partial: boolean): Promise<WrittenArchive> {
  const { dir } = openRun(path);
  const stamps = new Map(REPLACED.map((name) => [name, stampOf(join(dir, name))]));
  // Only now: the archive holds the manifest whose shards are checked and listed.
  const run = openRun(path);
  const { manifest_path, manifest } = run;
  const archive = out ?? `${dir}.tar`;
  refuseOut({ flag: "--out", what: "archive", name: null, isOne: () => true }, archive);
  if (exists(archive)) {
    throw new FarmError("usage", `Cannot write "${archive}": it exists already`, "Give another --out");
  }
  if (!allow_partial) assertWhole(dir, manifest_path);
  const { needed, optional } = archiveNames(filesOf(run), startFiles(manifest));
  const has = (name: string) => exists(join(dir, name));
  const names = [...needed, ...optional].filter(has);
  const sum = await writeStreamed(archive, (write) => fillTar({ dir, stamps }, folderOf(manifest), names, write));
  const missing = needed.filter((name) => !names.includes(name));
  const merged_check = mergedCheckOf(run);
  return { archive, run_id: manifest.run_id, n_files: names.length + 1, ...sum, missing, merged_check };
}

/** Documents that other commands replace; an archive holds those that were there before its run was checked. */
const REPLACED = [MANIFEST, MERGED, MERGE_STATUS];

/** Returns a text that changes when a document is replaced; null where there is none. */
const stampOf = (path: string): string | null =>
  exists(path) ? whileOpen(openSource(path), (file) => stampIn(file.statSync())) : null;

const stampIn = ({ ino, mtime, size }: Deno.FileInfo): string => `${ino} ${mtime?.getTime()} ${size}`;

/** Returns the folder in an archive: the run's id where that is the name of a folder; the old scripts take any text. */
const folderOf = ({ run_id }: Pick<Run["manifest"], "run_id">): string =>
  isWayDown(run_id) && !run_id.includes("/") && new TextEncoder().encode(run_id).length <= 64 ? run_id : "run";

/** Returns the files of an old run that verify reads: those that results[] names, and the side files. */
function filesOf(run: Run): ShardFiles[] {
  if (isFarmManifest(run.manifest)) return shardFiles(run.manifest);
  return oldShards(run).map(({ plan, out, metrics }) => ({
    out: relative(run.dir, out),
    metrics: relative(run.dir, metrics),
    side: OLD_SIDE_KINDS.map((kind) => oldSideName(plan.shard_index, kind)),
  }));
}

/** Refuses an incomplete run unless it is allowed. Missing inputs are no reason: they do not change what was fitted. */
function assertWhole(dir: string, manifest_path: string): void {
  const { findings, merged } = verifyFiles(manifest_path).report;
  const [first] = findings;
  if (!first && merged === "good") return;
  const what = first ? `${first.file} ${first.what}` : "it was not merged";
  const more = findings.length > 1 ? ` (and ${findings.length - 1} more)` : "";
  throw new FarmError(
    "shards",
    `Cannot archive "${dir}": ${what}${more}`,
    first
      ? `See nsfarm-deno verify ${quoteWord(dir)}; --allow-partial archives what is there`
      : `nsfarm-deno merge ${quoteWord(dir)} first`,
  );
}

const PIECE_BYTES = 1024 * 1024;

/** The files of an archive, and the stamps of those that other commands replace. */
interface Packed {
  dir: string;
  stamps: ReadonlyMap<string, string | null>;
}

function fillTar(packed: Packed, folder: string, names: readonly string[], write: Parameters<Fill>[0]): void {
  const files = names.map((name) => ({ name, ...packFile(packed, folder, name, write) }));
  const sums = new TextEncoder().encode(sumsText(files));
  const newest_s = files.reduce((newest, { mtime_s }) => Math.max(newest, mtime_s), 0);
  write(tarHeader({ name: `${folder}/${SUMS}`, bytes: sums.length, mtime_s: newest_s }));
  write(sums);
  write(new Uint8Array(tarPadding(sums.length) + 2 * TAR_BLOCK));
}

/**
 * Writes a file into the archive, and returns the sum of the bytes that were written: the file may be replaced meanwhile.
 * @throws {FarmError} input, when it changed
 */
function packFile({ dir, stamps }: Packed, folder: string, name: string, write: Parameters<Fill>[0]) {
  const path = join(dir, name);
  const stamp = stamps.get(name);
  return whileOpen(openSource(path), (file) => {
    const info = file.statSync();
    if (stamp !== undefined && stamp !== stampIn(info)) throw changed(path);
    const { size: bytes, mtime } = info;
    const mtime_s = (mtime?.getTime() ?? 0) / 1000;
    write(tarHeader({ name: `${folder}/${name}`, bytes, mtime_s }));
    const { sha256 } = hashAlong((copy) => copyInto(path, file, bytes, copy), write);
    write(new Uint8Array(tarPadding(bytes)));
    return { sha256, mtime_s };
  });
}

function openSource(path: string): Deno.FsFile {
  try {
    return openRegular(path);
  } catch (error) {
    throw inputError("a file of the run", path, error, "See nsfarm-deno verify");
  }
}

function copyInto(path: string, file: Deno.FsFile, bytes: number, write: Parameters<Fill>[0]): void {
  const buffer = new Uint8Array(PIECE_BYTES);
  let left = bytes;
  for (let n = file.readSync(buffer); n !== null; n = file.readSync(buffer)) {
    left -= n;
    if (left < 0) break;
    write(buffer.subarray(0, n));
  }
  if (left !== 0) throw changed(path);
}

const changed = (path: string) =>
  new FarmError("input", `Cannot archive "${path}": it changed while it was read`, "Rerun the command");
