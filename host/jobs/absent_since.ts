import { readShardName } from "../../core/run_paths.ts";
import { listNames } from "../disk/list_names.ts";
import { changeSubmitMeta, readSubmitMeta } from "./submissions.ts";

/**
 * Seconds since each of these shards was first seen to be unknown to its scheduler. It is kept in submit_meta.json, so
 * that looks minutes apart by different commands count as one wait for late files.
 */
export function absentSeconds(dir: string, absent: readonly number[]): Map<number, number> {
  const meta = readSubmitMeta(dir);
  const before = meta?.farm?.absent_since_utc ?? {};
  const now = new Date().toISOString();
  const since = Object.fromEntries(absent.map((shard) => [`${shard}`, before[`${shard}`] ?? now]));
  if (meta && JSON.stringify(before) !== JSON.stringify(since)) keep(dir, since);
  const seconds = (shard: number) => (Date.parse(now) - Date.parse(since[`${shard}`] ?? now)) / 1000;
  return new Map(absent.map((shard) => [shard, Math.max(0, seconds(shard))]));
}

function keep(dir: string, absent_since_utc: Record<string, string>): void {
  try {
    changeSubmitMeta(dir, (meta) => meta && { ...meta, farm: { submissions: [], ...meta.farm, absent_since_utc } });
  } catch {
    // a look at somebody else's run, or at a full disk, still shows what it sees
  }
}

/** Shards with both files under their final names; a listing is enough to see that nothing is awaited of them. */
export function shardsWithFiles(dir: string): Set<number> {
  const names = listNames(dir).flatMap((name) => readShardName(name) ?? []);
  const outputs = new Set(names.filter(({ kind }) => kind === "out.json").map(({ shard }) => shard));
  return new Set(
    names.filter(({ kind, shard }) => kind === "metrics.json" && outputs.has(shard)).map((one) => one.shard),
  );
}
