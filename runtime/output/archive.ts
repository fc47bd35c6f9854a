import { join, relative } from "node:path";
import {
  archivedInputs,
  archiveNames,
  isWayDown,
  RENAMED,
  renamedText,
  type ShardFiles,
  shardFiles,
  SUMS,
  sumsText,
} from "../../core/archive_names.ts";
import { isFarmManifest } from "../../core/check_manifest.ts";
import { FarmError } from "../../core/errors.ts";
import type { MergedCheck } from "../../core/merge/merged_check.ts";
import { MANIFEST, MERGE_STATUS, MERGED, OLD_SIDE_KINDS, oldSideName } from "../../core/run_paths.ts";
import { quoteWord } from "../../core/shell_quote.ts";
import { startFiles } from "../../core/staging.ts";
import { MOST_TAR_BYTES, TAR_BLOCK, tarHeader, tarPadding } from "../../core/tar.ts";
import { hashFile, sha256Of } from "../fs/hash_file.ts";
import { whileOpen } from "../fs/open.ts";
import { inputError, openRegular, unreadable } from "../fs/read.ts";
import { refuseOut } from "../fs/refuse_out.ts";
import { exists, type Fill, hashAlong, writeStreamed } from "../fs/write.ts";
import { mergedCheckOf } from "../merge/check_merged.ts";
import { verifyFiles } from "../merge/verify.ts";
import { openRun, type Run } from "../run/load_manifest.ts";
import { oldShards } from "../shard/old_run.ts";

export interface WrittenArchive {
  archive: string;
  run_id: string;
  n_files: number;
  bytes: number;
  sha256: string;
  /** Files of the minimal set that are missing. */
  missing: string[];
  /** Inputs of the fits that are not in it, and why; none where no inputs were wanted. */
  missing_inputs: { path: string; what: string }[];
  /** Checks of the merged document in it. */
  merged_check: MergedCheck;
}

/** How a run is archived. */
interface ArchiveWanted {
  /** null: `<run_dir>.tar`. */
  out: string | null;
  /** Also a run that does not verify or is not merged. */
  allow_partial: boolean;
  /** With the spec and every file that it names. */
  inputs: boolean;
}

/**
 * Packs the minimal set of a run and the inputs of its fits, with the sum of each file, into one tar.
 * @throws {FarmError} shards, when the run does not verify and `allow_partial` is false; usage, when the file exists or
 * an input is too large
 */
export async function writeArchive(
  path: string,
  { out, allow_partial, inputs }: ArchiveWanted,
): Promise<WrittenArchive> {
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
  const found = inputs ? inputsOf(run) : NO_INPUTS;
  const own = names.map((name): Source => ({ name, path: join(dir, name), stamp: stamps.get(name) }));
  const packed: Packed = { folder: folderOf(manifest), files: [...own, ...found.files], renamed: found.renamed };
  const sum = await writeStreamed(archive, (write) => fillTar(packed, write));
  return {
    archive,
    run_id: manifest.run_id,
    n_files: packed.files.length + (packed.renamed === "" ? 1 : 2),
    ...sum,
    missing: needed.filter((name) => !names.includes(name)),
    missing_inputs: found.missing,
    merged_check: mergedCheckOf(run),
  };
}

interface FoundInputs {
  files: Source[];
  /** List of those that have another name in the archive. */
  renamed: string;
  missing: WrittenArchive["missing_inputs"];
}

const NO_INPUTS: FoundInputs = { files: [], renamed: "", missing: [] };

/**
 * Returns the inputs of a run that are as they were at its render: of the run's own copy, else from their places.
 * @throws {FarmError} usage, for a file that no tar can hold
 */
function inputsOf({ dir, manifest }: Run): FoundInputs {
  if (!isFarmManifest(manifest)) return NO_INPUTS;
  const inputs = archivedInputs(manifest);
  const large = inputs.find(({ bytes }) => bytes > MOST_TAR_BYTES);
  if (large) {
    throw new FarmError(
      "usage",
      `Cannot archive "${large.from}": it has ${large.bytes} bytes, a file of a tar has at most ${MOST_TAR_BYTES}`,
      "Add --no-inputs, and keep the spec and its data beside the archive",
    );
  }
  const found = inputs.map((input) => {
    const own = join(dir, input.name);
    const path = exists(own) ? own : input.from;
    return { input, path, fault: inputFault(path, input.sha256) };
  });
  const good = found.filter(({ fault }) => fault === null);
  return {
    files: good.map(({ input: { name, sha256 }, path }) => ({ name, path, sha256 })),
    renamed: renamedText(good.map(({ input }) => input)),
    missing: found.flatMap(({ path, fault }) => fault === null ? [] : [{ path, what: fault }]),
  };
}

function inputFault(path: string, sha256: string): string | null {
  try {
    openRegular(path).close();
    return hashFile(path).sha256 === sha256 ? null : "has changed since the run was rendered";
  } catch (error) {
    return unreadable(error).message;
  }
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

/** A file that is packed. */
interface Source {
  /** In the archive, relative to the run's folder. */
  name: string;
  path: string;
  /** Of a document that other commands replace: the state in which it is wanted. */
  stamp?: string | null | undefined;
  /** Wanted sum of an input. */
  sha256?: string;
}

interface Packed {
  folder: string;
  files: readonly Source[];
  renamed: string;
}

function fillTar({ folder, files, renamed }: Packed, write: Parameters<Fill>[0]): void {
  const sums = files.map((file) => ({ name: file.name, ...packFile(file, folder, write) }));
  const newest_s = sums.reduce((newest, { mtime_s }) => Math.max(newest, mtime_s), 0);
  if (renamed !== "") {
    const bytes = new TextEncoder().encode(renamed);
    packBytes(`${folder}/${RENAMED}`, bytes, newest_s, write);
    sums.push({ name: RENAMED, sha256: sha256Of(bytes), mtime_s: newest_s });
  }
  packBytes(`${folder}/${SUMS}`, new TextEncoder().encode(sumsText(sums)), newest_s, write);
  write(new Uint8Array(2 * TAR_BLOCK));
}

function packBytes(name: string, bytes: Uint8Array, mtime_s: number, write: Parameters<Fill>[0]): void {
  write(tarHeader({ name, bytes: bytes.length, mtime_s }));
  write(bytes);
  write(new Uint8Array(tarPadding(bytes.length)));
}

/**
 * Writes a file into the archive, and returns the sum of the bytes that were written: the file may be replaced meanwhile.
 * @throws {FarmError} input, when it changed
 */
function packFile({ name, path, stamp, sha256: wanted }: Source, folder: string, write: Parameters<Fill>[0]) {
  return whileOpen(openSource(path), (file) => {
    const info = file.statSync();
    if (stamp !== undefined && stamp !== stampIn(info)) throw changed(path);
    const { size: bytes, mtime } = info;
    const mtime_s = (mtime?.getTime() ?? 0) / 1000;
    write(tarHeader({ name: `${folder}/${name}`, bytes, mtime_s }));
    const { sha256 } = hashAlong((copy) => copyInto(path, file, bytes, copy), write);
    if (wanted !== undefined && wanted !== sha256) throw changed(path);
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
