import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { FarmError } from "../../core/errors.ts";
import { adviceFor, ifThere } from "../../core/file_fault.ts";
import { documentText, sealDocument } from "../../core/record.ts";
import { ASIDE, attemptStem, commitName, metricsName, outName } from "../../core/run_paths.ts";
import type { FarmManifest, Plan } from "../../core/schema/manifest.ts";
import type { Metrics, ShardRecord } from "../../core/schema/shard_record.ts";
import { workloadOf } from "../../core/workload/registry.ts";
import { commitByLink, pause, publishFile, withLease } from "../fs/exclusive.ts";
import { sha256Of } from "../fs/hash_file.ts";
import { listNames, showListed } from "../fs/list.ts";
import { identityNow, whileOpen } from "../fs/open.ts";
import { Unreadable } from "../fs/read.ts";
import { makeFolder, namingFile, removeQuietly, rename, writeTemporary } from "../fs/write.ts";
import { type CheckedOutput, type Evidence, readCommitted, readShard } from "./read.ts";

/** A checked result of a shard, ready to commit. */
export interface Result {
  /** The checked output, still under a temporary name. */
  out_path: string;
  output: CheckedOutput;
  metrics: Metrics;
  record: ShardRecord;
}

export type Committed =
  | { kind: "committed" }
  /** Another process had committed the same toys with equal numbers; our result was dropped. */
  | { kind: "equal" }
  /** The committed result differs; ours is kept aside. */
  | { kind: "differs"; what: string; aside: string };

/**
 * Gives a shard's result its final names: out.json first, then the record with its sha256. Never replaces a file. Where
 * an out.json has no record, because its writer died between the two steps, it is checked and its record written here.
 */
export function commitShard(dir: string, manifest: FarmManifest, plan: Plan, result: Result): Committed {
  const shard = plan.shard_index;
  syncFile(result.out_path);
  for (let round = 0; round < ROUNDS; round++) {
    if (round >= 3) pause(round);
    const seen = inodes(dir, shard);
    const found = readShard(dir, manifest, plan);
    refuseUnread(dir, shard, found);
    if (found.kind === "done") return compare(dir, manifest, shard, result, found);
    if (found.kind === "uncommitted") commitRecord(dir, shard, result, found.output);
    else {
      if (found.kind === "bad" && found.late && isShownNow(dir, shard, result)) continue;
      if (found.kind !== "absent") moveAside(dir, shard, found, seen);
      if (commitOwn(dir, shard, result)) return { kind: "committed" };
    }
  }
  if (inode(result.out_path) === null) throw new OutputGone(shard, result.out_path);
  throw new Error(`Cannot commit shard ${shard}: its files change faster than they can be read`);
}

/** Error of a commit whose output was removed after it was checked, though nobody has committed the shard. */
export class OutputGone extends FarmError {
  constructor(shard: number, path: string) {
    super("input", `Cannot commit shard ${shard}: "${path}" was removed after its check`, "Rerun the command");
  }
}

/** Refuses to touch an unreadable file: it may be the valid result, of another user. @throws {FarmError} input */
export function refuseUnread(dir: string, shard: number, found: Evidence): void {
  if (found.kind !== "bad" || !found.unread) return;
  const next = adviceFor(found.unread) ?? "Ask its owner to let you read it";
  throw new FarmError("input", `Cannot run shard ${shard} again: "${join(dir, found.file)}" ${found.what}`, next);
}

/**
 * Whether a listing shows an out.json that a lookup denies. This machine then caches the name as absent until its own
 * attempt to create the name fails.
 */
function isShownNow(dir: string, shard: number, { out_path }: Result): boolean {
  return listNames(dir).includes(outName(shard)) && !publishFile(out_path, join(dir, outName(shard)));
}

/** Number of rounds. Another process can disturb a round, but takes only a limited number of steps itself. */
const ROUNDS = 20;

/**
 * Takes both steps for our own file, which keeps its temporary name until both have succeeded. The record is on disk
 * before the first step: on a full disk a failed attempt touches neither final name.
 */
function commitOwn(dir: string, shard: number, result: Result): boolean {
  const path = join(dir, outName(shard));
  const own = inode(result.out_path);
  if (own === null) {
    showFinal(dir, shard);
    return false;
  }
  const record = writeRecord(dir, shard, result, result.output);
  if (!publishFile(result.out_path, path)) {
    removeQuietly(record);
    return false;
  }
  if (!linkRecord(record, dir, shard) || inode(path) !== own) return false;
  removeQuietly(result.out_path);
  return true;
}

/**
 * Makes this machine ask the file server about the final names that a listing shows: they may be cached as absent here,
 * although another process has committed the same result.
 */
function showFinal(dir: string, shard: number): void {
  const names = listNames(dir);
  for (const name of [metricsName(shard), outName(shard)]) if (names.includes(name)) showListed(join(dir, name));
}

/** Forces a result to disk. Of two processes that recover the same result, the other may have removed it already. */
function syncFile(path: string): void {
  const sync = (file: Deno.FsFile) => namingFile(path, () => file.syncDataSync());
  ifThere(undefined, () => whileOpen(Deno.openSync(path, { read: true, write: true }), sync));
}

/** Writes the record of the checked output under the final name, unless there is a record already. */
export function commitRecord(dir: string, shard: number, reported: ResultTexts, output: CheckedOutput): void {
  linkRecord(writeRecord(dir, shard, reported, output), dir, shard);
}

type ResultTexts = Pick<Result, "metrics" | "record">;

/** Writes the record under a temporary name. */
function writeRecord(
  dir: string,
  shard: number,
  { metrics, record }: ResultTexts,
  { sha256, bytes }: CheckedOutput,
): string {
  const document = { ...metrics, farm: { ...record, out_sha256: sha256, out_bytes: bytes } };
  return writeTemporary(join(dir, metricsName(shard)), documentText(sealDocument(document, sha256Of)));
}

function linkRecord(temporary: string, dir: string, shard: number): boolean {
  const linked = commitByLink(temporary, join(dir, metricsName(shard)));
  if (!linked) removeQuietly(temporary);
  return linked;
}

function compare(
  dir: string,
  manifest: FarmManifest,
  shard: number,
  result: Result,
  { output: other, metrics: { farm: theirs } }: Extract<Evidence, { kind: "done" }>,
): Committed {
  // A record of our own attempt with another file was written for a dead process, whose host is not known.
  const ours = theirs.attempt === result.record.attempt;
  const same = !ours && theirs.host === result.record.host && theirs.threads === result.record.threads;
  const fault = workloadOf(manifest).equalFault(other.output, result.output.output, same ? "same" : "other");
  if (fault !== null) return keepAside(dir, shard, result, fault);
  removeQuietly(result.out_path);
  return { kind: ours && other.sha256 === result.output.sha256 ? "committed" : "equal" };
}

function keepAside(dir: string, shard: number, result: Result, what: string): Committed {
  makeFolder(join(dir, ASIDE));
  const name = `${attemptStem(shard, result.record.attempt)}.out.json`;
  const aside = giveFreeName(result.out_path, join(dir, ASIDE, name));
  return { kind: "differs", what, aside };
}

/** Returns the inodes of a shard's two final files. */
function inodes(dir: string, shard: number): Map<string, number | null> {
  return new Map([metricsName(shard), outName(shard)].map((name) => [name, inode(join(dir, name))]));
}

const inode = (path: string): number | null => identityNow(path)?.ino ?? null;

/**
 * Moves invalid files from a final name to a name aside; nothing is deleted. `seen` are the inodes from before the
 * files were judged: a file that was committed since gets its name back.
 */
function moveAside(
  dir: string,
  shard: number,
  found: Extract<Evidence, { kind: "bad" | "foreign" }>,
  seen: Map<string, number | null>,
): void {
  makeFolder(join(dir, ASIDE));
  // The record goes last: it proves the fault of its out.json until that file is gone.
  const names = goesWithRecord(dir, shard, found) ? [outName(shard), metricsName(shard)] : [metricsName(shard)];
  for (const name of names) moveOne(dir, shard, name, seen.get(name) ?? null);
}

/** Whether a file is moved with the record. Beside an unreadable record, an out.json is judged by itself. */
function goesWithRecord(dir: string, shard: number, found: Evidence & { file: string }): boolean {
  return found.file === outName(shard) || !(readCommitted(join(dir, metricsName(shard))) instanceof Unreadable);
}

function moveOne(dir: string, shard: number, name: string, judged: number | null): void {
  const path = join(dir, name);
  if (judged === null || inode(path) !== judged) return;
  const aside = join(dir, ASIDE, name);
  // First to a unique name, since a rename replaces the file under its new name.
  const taken = `${aside}.${randomBytes(4).toString("hex")}`;
  // No other process moves files of this shard meanwhile, so this is still the judged file.
  const move = () =>
    inode(path) === judged && ifThere(false, () => {
      rename(path, taken);
      return true;
    });
  if (!withLease(join(dir, commitName(shard)), move)) return;
  // It can be another file only if this process was stopped for so long that it lost its lease.
  if (inode(taken) !== judged && commitByLink(taken, path)) return;
  giveFreeName(taken, aside);
}

/** Gives a file a name, or that name with a number where it exists; never replaces a file. */
function giveFreeName(from: string, path: string): string {
  for (let n = 0;; n++) {
    const name = n === 0 ? path : `${path}.${n}`;
    if (inode(from) === null || commitByLink(from, name)) return name;
  }
}
