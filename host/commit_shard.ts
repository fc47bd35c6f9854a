import { join } from "node:path";
import { equalFault } from "../core/merge/equal.ts";
import type { FarmManifest, Plan } from "../core/contracts/manifest.ts";
import type { Metrics, ShardRecord } from "../core/contracts/shard_record.ts";
import { ASIDE, metricsName, outName } from "../core/run_paths.ts";
import { type CheckedOutput, type Evidence, readShard } from "./read_shard.ts";
import { commitByLink, exists, makeFolder, removeQuietly, writeTemporary } from "./write_file.ts";

export interface Result {
  /** The checked output, still under a temporary name. */
  out_path: string;
  output: CheckedOutput;
  metrics: Metrics;
  record: ShardRecord;
}

export type Committed =
  | { kind: "committed" }
  /** Somebody else had committed the same toys with equal numbers: ours was dropped. */
  | { kind: "equal" }
  /** The other result differs: ours is kept aside. */
  | { kind: "differs"; what: string; aside: string };

/**
 * Gives a shard's result its final names: out.json first, then the record with its sha256. Never replaces.
 * An out.json without a record is one whose writer died between its two steps: it is checked, and gets its record here.
 */
export function commitShard(dir: string, manifest: FarmManifest, plan: Plan, result: Result): Committed {
  const shard = plan.shard_index;
  syncFile(result.out_path);
  for (let round = 0; round < 3; round++) {
    const seen = inodes(dir, shard);
    const found = readShard(dir, manifest, plan);
    if (found.kind === "done") return compare(dir, shard, result, found.output, found.metrics.farm);
    if (found.kind === "uncommitted") {
      const { sha256, bytes } = found.output;
      const own = sha256 === result.output.sha256;
      if (!own && equalFault(found.output.output, result.output.output, "other") !== null) {
        return keepAside(dir, shard, result, "the numbers of an out.json without record differ from it");
      }
      commitRecord(dir, shard, result, { out_sha256: sha256, out_bytes: bytes });
      removeQuietly(result.out_path);
    } else {
      if (found.kind !== "absent") moveAside(dir, shard, found, seen);
      const { sha256, bytes } = result.output;
      const ours = commitByLink(result.out_path, join(dir, outName(shard)));
      if (ours && commitRecord(dir, shard, result, { out_sha256: sha256, out_bytes: bytes })) {
        return { kind: "committed" };
      }
    }
  }
  throw new Error(`Cannot commit shard ${shard}: its files change faster than they can be looked at`);
}

function syncFile(path: string): void {
  const file = Deno.openSync(path, { read: true, write: true });
  try {
    file.syncDataSync();
  } finally {
    file.close();
  }
}

function commitRecord(
  dir: string,
  shard: number,
  result: Result,
  out: { out_sha256: string; out_bytes: number },
): boolean {
  const path = join(dir, metricsName(shard));
  const document = { ...result.metrics, farm: { ...result.record, ...out } };
  const temporary = writeTemporary(path, JSON.stringify(document, null, 2) + "\n");
  const linked = commitByLink(temporary, path);
  if (!linked) removeQuietly(temporary);
  return linked;
}

function compare(dir: string, shard: number, result: Result, other: CheckedOutput, theirs: ShardRecord): Committed {
  if (theirs.attempt === result.record.attempt && other.sha256 === result.output.sha256) return { kind: "committed" };
  const same = theirs.host === result.record.host && theirs.threads === result.record.threads;
  const fault = equalFault(other.output, result.output.output, same ? "same" : "other");
  if (fault !== null) return keepAside(dir, shard, result, fault);
  removeQuietly(result.out_path);
  return { kind: "equal" };
}

function keepAside(dir: string, shard: number, result: Result, what: string): Committed {
  makeFolder(join(dir, ASIDE));
  const aside = freeName(join(dir, ASIDE, `shard_${shard}.${result.record.attempt}.out.json`));
  if (exists(result.out_path)) Deno.renameSync(result.out_path, aside);
  return { kind: "differs", what, aside };
}

/** Which files lie under a shard's two final names. */
export function inodes(dir: string, shard: number): Map<string, number | null> {
  return new Map([metricsName(shard), outName(shard)].map((name) => [name, inode(join(dir, name))]));
}

function inode(path: string): number | null {
  try {
    return Deno.lstatSync(path).ino;
  } catch {
    return null;
  }
}

/**
 * Moves what is not valid under a final name out of the way; nothing is deleted. `seen` are the inodes from before it
 * was judged: a file that somebody committed since then is given its name back.
 */
export function moveAside(
  dir: string,
  shard: number,
  found: Extract<Evidence, { kind: "bad" | "foreign" }>,
  seen: Map<string, number | null>,
): string[] {
  makeFolder(join(dir, ASIDE));
  // The record goes first: an out.json without one is never believed unchecked.
  const names = [metricsName(shard), outName(shard)];
  const wrong = names.filter((name) => name === metricsName(shard) || found.file === name || found.kind === "foreign");
  return wrong.flatMap((name) => moveOne(dir, name, seen.get(name) ?? null));
}

function moveOne(dir: string, name: string, judged: number | null): string[] {
  const path = join(dir, name);
  if (judged === null || !exists(path)) return [];
  const aside = freeName(join(dir, ASIDE, name));
  Deno.renameSync(path, aside);
  if (inode(aside) === judged) return [aside];
  return commitByLink(aside, path) ? [] : [aside];
}

function freeName(path: string): string {
  for (let n = 0;; n++) {
    const name = n === 0 ? path : `${path}.${n}`;
    if (!exists(name)) return name;
  }
}
