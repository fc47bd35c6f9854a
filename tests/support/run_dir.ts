import { createHash } from "node:crypto";
import { lstat, readFile } from "node:fs/promises";
import { join } from "node:path";
import { Attempt } from "../../core/schema/attempt.ts";
import { FarmManifest } from "../../core/schema/manifest.ts";
import { CommittedMetrics, type ShardRecord } from "../../core/schema/shard_record.ts";
import { namesIn } from "./farm.ts";

export async function readManifest(dir: string): Promise<FarmManifest> {
  return FarmManifest.parse(JSON.parse(await readFile(join(dir, "manifest.json"), "utf8")));
}

/** Returns a shard's committed record. @throws if there is none */
export async function readRecord(dir: string, shard: number): Promise<ShardRecord> {
  const path = join(dir, `shard_${shard}.metrics.json`);
  return CommittedMetrics.parse(JSON.parse(await readFile(path, "utf8"))).farm;
}

/** Returns all recorded attempts, in the order of shard and attempt. */
export async function readAttempts(dir: string): Promise<Attempt[]> {
  const names = (await namesIn(join(dir, "attempts"))).filter((name) =>
    name.endsWith(".json") && !name.startsWith(".")
  );
  const texts = await Promise.all(names.map((name) => readFile(join(dir, "attempts", name), "utf8")));
  const attempts = texts.map((text) => Attempt.parse(JSON.parse(text)));
  return attempts.sort((a, b) => a.shard_index - b.shard_index || a.attempt - b.attempt);
}

/** Returns the ends of all failed attempts, as "shard.attempt cause". */
export async function failedAttempts(dir: string): Promise<string[]> {
  const attempts = await readAttempts(dir);
  return attempts.map(({ shard_index, attempt, end }) => `${shard_index}.${attempt} ${end?.cause ?? "no end"}`);
}

/** Returns the names of committed files, which a failed attempt must not change. */
export async function finalNames(dir: string): Promise<string[]> {
  return (await namesIn(dir)).filter((name) => /^shard_[0-9]+\.(out|metrics)\.json$/.test(name));
}

/** Returns inode, change time and size of each committed file, which identify it. */
export async function fingerprints(dir: string): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for (const name of await finalNames(dir)) {
    const [info, bytes] = await Promise.all([lstat(join(dir, name)), readFile(join(dir, name))]);
    const sha256 = createHash("sha256").update(bytes).digest("hex");
    found.set(name, `inode ${info.ino} changed ${info.mtimeMs} sha256 ${sha256}`);
  }
  return found;
}

/** Returns the number of shards with a commit record. */
export async function countDone(dir: string): Promise<number> {
  return (await finalNames(dir)).filter((name) => name.endsWith(".metrics.json")).length;
}
