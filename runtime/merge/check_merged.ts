import { basename, join } from "node:path";
import { errorText, orElse } from "../../core/errors.ts";
import { faultWords } from "../../core/file_fault.ts";
import { firstIssue } from "../../core/first_issue.ts";
import { checkMerged, type FoundMerged, type MergedCheck } from "../../core/merge/merged_check.ts";
import { MERGE_LOCK, MERGE_STATUS, MERGED } from "../../core/run_paths.ts";
import { MergeStatus } from "../../core/schema/merge_report.ts";
import { MergedAbout } from "../../core/schema/merged.ts";
import { workloads } from "../../core/workload/registry.ts";
import { whileLockedSync } from "../fs/exclusive.ts";
import { hashFile, infoOf, isBeside } from "../fs/hash_file.ts";
import { readNext, whileOpen } from "../fs/open.ts";
import {
  decodeText,
  MAX_TEXT_BYTES,
  openRegular,
  parseJson,
  readIfThere,
  readRegular,
  Unreadable,
  unreadable,
} from "../fs/read.ts";
import { exists } from "../fs/write.ts";
import type { Run } from "../run/load_manifest.ts";

/** Returns the validity of a run's merged.out.json by its own declarations; its toys are not read. */
export function mergedCheckOf({ dir, manifest }: Pick<Run, "dir" | "manifest">): MergedCheck {
  return checkMerged(manifest, findMerged(join(dir, MERGED)));
}

/**
 * Returns the same, and whether the bytes are those that the merge wrote. The bytes are read only where size or time
 * changed. Waits for a merge that is writing its two documents now.
 */
export function summedCheckOf({ dir, manifest }: Pick<Run, "dir" | "manifest">): MergedCheck {
  const found = findSummed(dir);
  const lock = join(dir, MERGE_LOCK);
  const isBetween = found.kind === "read" && found.fault !== null && exists(lock);
  return checkMerged(manifest, isBetween ? whileLockedSync(lock, () => findSummed(dir)) : found);
}

function findSummed(dir: string): FoundMerged {
  const found = findMerged(join(dir, MERGED));
  const isOurs = found.kind === "read" && found.about.merge.farm !== undefined;
  return isOurs ? { ...found, fault: sumFault(dir) } : found;
}

/**
 * Returns why the document is not known to be as its merge wrote it; null: it is, or no merge of it is on record. What
 * cannot be read does not count as unchanged.
 */
function sumFault(dir: string): string | null {
  const [path, status_path] = [join(dir, MERGED), join(dir, MERGE_STATUS)];
  try {
    const status = readIfThere(status_path, MergeStatus);
    const { merged_sha256, merged_bytes } = status?.farm ?? {};
    if (typeof merged_sha256 !== "string" || basename(status?.merged ?? "") !== MERGED) return null;
    const [merged, written] = [infoOf(path), infoOf(status_path)];
    // The status is written after the document.
    const isUntouched = merged && written && merged.size === merged_bytes && isBeside(merged, written);
    if (isUntouched || hashFile(path).sha256 === merged_sha256) return null;
    return `is not what the last merge wrote: ${MERGE_STATUS} has another sha256`;
  } catch (error) {
    return `cannot be compared with what its merge wrote: ${
      faultWords(error) ?? `${MERGE_STATUS} ${errorText(error)}`
    }`;
  }
}

/** Returns whether a file is a merged document, of this program or of the old scripts. */
export const isMergedDocument = (path: string): boolean => findMerged(path).kind === "read";

function findMerged(path: string): FoundMerged {
  try {
    const document = readAbout(path);
    const parsed = MergedAbout.safeParse(aboutCounts(document) ?? document);
    return parsed.success
      ? { kind: "read", about: parsed.data, fault: null }
      : { kind: "unreadable", what: `is no merged document: ${firstIssue(parsed.error)}` };
  } catch (error) {
    if (error instanceof Unreadable && error.absent) return { kind: "absent" };
    return { kind: "unreadable", what: unreadable(error).message };
  }
}

/** Returns what a merged document of a workload with counts says about itself; null: it is none. */
function aboutCounts(document: unknown): MergedAbout | null {
  for (const { merge } of workloads()) {
    const about = merge?.about(document) ?? null;
    if (about) return about;
  }
  return null;
}

/**
 * Reads the parts around the results. In our layout they stand before the results and in the last member; a document
 * without guardrails before its results is from other scripts and is read whole.
 */
function readAbout(path: string): unknown {
  const parts = whileOpen(openRegular(path), (file) => {
    const head = headOf(file);
    const tail = head && "guardrails" in head ? tailOf(file) : null;
    return tail && { ...head, ...tail };
  });
  return parts ?? parseJson(readRegular(path, MAX_TEXT_BYTES));
}

const HEAD_BYTES = 1024 * 1024;
const TAIL_BYTES = [256 * 1024, 4 * 1024 * 1024, 64 * 1024 * 1024];

function headOf(file: Deno.FsFile): Members | null {
  const bytes = readAt(file, 0, HEAD_BYTES);
  const end = indexIn(bytes, ',\n  "results": {');
  return end < 0 ? null : membersOf(`${decodeText(bytes.subarray(0, end))}}`);
}

function tailOf(file: Deno.FsFile): Members | null {
  const { size } = file.statSync();
  for (const bytes_wanted of TAIL_BYTES) {
    const n = Math.min(size, bytes_wanted);
    const bytes = readAt(file, size - n, n);
    const start = indexIn(bytes, '\n  "merge": {');
    if (start >= 0) return membersOf(`{${decodeText(bytes.subarray(start))}`);
    if (n === size) return null;
  }
  return null;
}

const latin1 = new TextDecoder("latin1");

/** Returns the byte offset of an ASCII text; -1 if absent. Strings of a JSON document hold no line break. */
const indexIn = (bytes: Uint8Array, text: string): number => latin1.decode(bytes).indexOf(text);

type Members = Record<string, unknown>;

const membersOf = (text: string): Members | null =>
  orElse(null, () => {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? { ...value } : null;
  });

function readAt(file: Deno.FsFile, offset: number, most: number): Uint8Array {
  file.seekSync(offset, Deno.SeekMode.Start);
  return readNext(file, most);
}
