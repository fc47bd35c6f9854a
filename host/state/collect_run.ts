import { resolve } from "node:path";
import { attemptTime } from "../../core/attempt_time.ts";
import { isFarmManifest, livePlans } from "../../core/check_manifest.ts";
import type { CollectCounts } from "../../core/collect_counts.ts";
import type { StatusShard } from "../../core/describe_status.ts";
import { type Manifest, ShardResult } from "../../core/contracts/manifest.ts";
import type { RunTimes } from "../../core/contracts/run_times.ts";
import { type CollectedShard, collectOldShard, collectShard } from "./collect_shard.ts";
import type { Run } from "../run/load_manifest.ts";
import { oldShards } from "../run/old_run.ts";
import { openRun } from "../run/run_home.ts";
import { readRecords, type RunRecords, timesOf } from "../run/run_records.ts";
import { readSubmissions } from "../jobs/submissions.ts";
import { settleIncoming, sweepIncoming } from "../shard/settle_incoming.ts";
import { sweepDone } from "../disk/sweep_temporary.ts";
import { writeDocument } from "../disk/write_file.ts";

export interface CollectReport {
  manifest: string;
  run_id: string;
  counts: CollectCounts;
  times: RunTimes;
  /** Every shard that is not ok, with the reason. */
  not_ok: { shard_index: number; state: string; error: string | null }[];
}

/**
 * Checks every shard of a run and writes results[] into its manifest (or into `out`). Bad shards are rows of it, not
 * errors.
 * @param looked what a look at the run that asked its scheduler too has just told
 * @throws {FarmError} input, when the manifest cannot be read or written
 */
export function collectRun(
  path: string,
  out: string | null,
  now_utc: string,
  looked: readonly StatusShard[] = [],
): CollectReport {
  const run = openRun(path);
  const records = readRecords(run.dir);
  const shards = collectAll(run, records, looked);
  if (isFarmManifest(run.manifest) && shards.every((one) => one.ok)) {
    sweepIncoming(run.dir);
    sweepDone(run.dir);
  }
  const ok = shards.flatMap(({ record }) => record ? attemptTime(record) : []);
  const elapsed = isFarmManifest(run.manifest)
    ? []
    : shards.flatMap(({ ok, result }) => ok ? result.elapsed_s ?? [] : []);
  const times = timesOf(ok, elapsed, records);
  const counts = countShards(shards);
  const manifest = out === null ? run.manifest_path : resolve(out);
  writeDocument(manifest, { ...collected(run.manifest, shards, now_utc, counts, times), ...placeOf(run) });
  return {
    manifest,
    run_id: run.manifest.run_id,
    counts,
    times,
    not_ok: shards.filter((one) => !one.ok).map(describe),
  };
}

function collectAll(run: Run, records: RunRecords, looked: readonly StatusShard[]): CollectedShard[] {
  const { dir, manifest } = run;
  if (!isFarmManifest(manifest)) return oldShards(run).map((old) => collectOldShard(manifest, old));
  settleIncoming({ ...run, manifest });
  const told = new Map([...submittedShards(dir), ...looked].map((one) => [one.shard, one]));
  return livePlans(manifest).map((plan) =>
    collectShard(dir, manifest, plan, records.attempts.get(plan.shard_index) ?? [], told.get(plan.shard_index))
  );
}

/** Of a shard that a scheduler was given, files alone cannot tell where it stands. */
function submittedShards(dir: string): StatusShard[] {
  const why = "it was submitted; nsfarm-deno status asks its scheduler";
  return readSubmissions(dir).filter(({ state }) => state !== "refused")
    .flatMap(({ shards }) => shards.map((shard) => ({ shard, state: "unknown" as const, why, host: null })));
}

function countShards(shards: readonly CollectedShard[]): CollectCounts {
  const counts: CollectCounts = { total: shards.length, ok: 0, failed: 0, other: {} };
  for (const { ok, result } of shards) {
    if (ok) counts.ok++;
    else if (result.status === "failed") counts.failed++;
    else {
      const state = result.farm?.state ?? "unknown";
      counts.other[state] = (counts.other[state] ?? 0) + 1;
    }
  }
  return counts;
}

function collected(
  manifest: Manifest,
  shards: readonly CollectedShard[],
  now_utc: string,
  counts: CollectCounts,
  times: RunTimes,
): Manifest {
  const before = new Map((manifest.results ?? []).map((result) => [result.shard_index, result]));
  const results = shards.map(({ result }) => withUnknown(result, before.get(result.shard_index)));
  const farm = manifest.farm && { farm: { ...manifest.farm, collected: { at_utc: now_utc, ...counts, times } } };
  return { ...manifest, results, collected_at_utc: now_utc, ...farm };
}

/**
 * An old run's directory as its rows name it from now on: all paths of a document are of one moment. Of a run of ours
 * run_dir is where its jobs and job files are of.
 */
const placeOf = ({ dir, manifest: { farm } }: Run) => farm ? {} : { run_dir: dir };

/** A row with what an earlier one held and this program does not know; a remote folder is known to the ssh runner only. */
function withUnknown(row: ShardResult, before: ShardResult | undefined): ShardResult {
  if (!before) return row;
  const known = new Set<string>(Object.keys(ShardResult.shape));
  const unknown = Object.entries(before).filter(([member]) => !known.has(member));
  return { ...row, remote_dir: before.remote_dir ?? null, ...Object.fromEntries(unknown) };
}

const describe = ({ result }: CollectedShard) => ({
  shard_index: result.shard_index,
  state: result.farm?.state ?? result.status ?? "unknown",
  error: result.error ?? null,
});
