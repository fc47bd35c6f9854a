import { quoteWord } from "../../core/shell_quote.ts";
import { join, relative } from "node:path";
import { archiveNames, type ShardFiles, shardFiles, SUMS, sumsText } from "../../core/archive_names.ts";
import { isFarmManifest } from "../../core/check_manifest.ts";
import { FarmError } from "../../core/errors.ts";
import type { MergedCheck } from "../../core/merge/merged_check.ts";
import { OLD_SIDE_KINDS, oldSideName } from "../../core/run_paths.ts";
import { TAR_BLOCK, tarHeader, tarPadding } from "../../core/ustar.ts";
import { hashFile, mtime_ms } from "../disk/hash_file.ts";
import type { Run } from "../run/load_manifest.ts";
import { oldShards } from "../shard/old_run.ts";
import { openRun } from "../run/run_home.ts";
import { mergedCheckOf } from "../merge/check_merged.ts";
import { verifyFiles } from "../merge/verify_run.ts";
import { refuseOut } from "../disk/refuse_out.ts";
import { exists, type Fill, writeStreamed } from "../disk/write_file.ts";

export interface WrittenArchive {
  archive: string;
  run_id: string;
  n_files: number;
  bytes: number;
  sha256: string;
  /** What of the minimal set is not in it. */
  missing: string[];
  /** What the merged document in it is worth. */
  merged_check: MergedCheck;
}

/**
 * Packs the minimal set of a run, with the sum of each file, into one tar.
 * @param out null: `<run_dir>.tar`
 * @throws {FarmError} shards, when the run does not verify and `allow_partial` is false; usage, when the file exists
 */
export async function writeArchive(path: string, out: string | null, allow_partial: boolean): Promise<WrittenArchive> {
  const run = openRun(path);
  const { dir, manifest_path, manifest } = run;
  const archive = out ?? `${dir}.tar`;
  refuseOut({ flag: "--out", what: "archive", name: null, isOne: () => true }, archive);
  if (exists(archive)) {
    throw new FarmError("usage", `Cannot write "${archive}": it exists already`, "Give another --out");
  }
  if (!allow_partial) assertWhole(dir, manifest_path);
  const { needed, optional } = archiveNames(filesOf(run));
  const has = (name: string) => exists(join(dir, name));
  const files = [...needed, ...optional].filter(has).map((name) => fileOf(dir, name));
  const sum = await writeStreamed(archive, (write) => fillTar(dir, manifest.run_id, files, write));
  const missing = needed.filter((name) => !has(name));
  const merged_check = mergedCheckOf(run);
  return { archive, run_id: manifest.run_id, n_files: files.length + 1, ...sum, missing, merged_check };
}

/** Of an old run what verify reads: where results[] says that it lies, and the side files. */
function filesOf(run: Run): ShardFiles[] {
  if (isFarmManifest(run.manifest)) return shardFiles(run.manifest);
  return oldShards(run).map(({ plan, out, metrics }) => ({
    out: relative(run.dir, out),
    metrics: relative(run.dir, metrics),
    side: OLD_SIDE_KINDS.map((kind) => oldSideName(plan.shard_index, kind)),
  }));
}

/** What is not whole is not archived unasked; that inputs are gone does not change what was fitted. */
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
      ? "See nsfarm-deno verify; --allow-partial archives what is there"
      : `nsfarm-deno merge ${quoteWord(dir)} first`,
  );
}

interface ArchivedFile {
  name: string;
  bytes: number;
  sha256: string;
  mtime_s: number;
}

function fileOf(dir: string, name: string): ArchivedFile {
  const path = join(dir, name);
  if (!Deno.lstatSync(path).isFile) throw new FarmError("input", `Cannot archive "${path}": it is no regular file`);
  return { name, ...hashFile(path), mtime_s: (mtime_ms(path) ?? 0) / 1000 };
}

const PIECE_BYTES = 1024 * 1024;

function fillTar(dir: string, run_id: string, files: readonly ArchivedFile[], write: Parameters<Fill>[0]): void {
  for (const file of files) {
    write(tarHeader({ ...file, name: `${run_id}/${file.name}` }));
    copyInto(join(dir, file.name), file.bytes, write);
    write(new Uint8Array(tarPadding(file.bytes)));
  }
  const sums = new TextEncoder().encode(sumsText(files));
  const newest_s = files.reduce((newest, { mtime_s }) => Math.max(newest, mtime_s), 0);
  write(tarHeader({ name: `${run_id}/${SUMS}`, bytes: sums.length, mtime_s: newest_s }));
  write(sums);
  write(new Uint8Array(tarPadding(sums.length) + 2 * TAR_BLOCK));
}

/** @throws {FarmError} input, when the file has not as many bytes as when it was hashed */
function copyInto(path: string, bytes: number, write: Parameters<Fill>[0]): void {
  const file = Deno.openSync(path);
  try {
    const buffer = new Uint8Array(PIECE_BYTES);
    let left = bytes;
    for (let n = file.readSync(buffer); n !== null; n = file.readSync(buffer)) {
      left -= n;
      if (left < 0) break;
      write(buffer.subarray(0, n));
    }
    if (left !== 0) throw new FarmError("input", `Cannot archive "${path}": it changed while it was read`);
  } finally {
    file.close();
  }
}
