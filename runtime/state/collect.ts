import { resolve } from "node:path";
import { isFarmManifest, livePlans } from "../../core/check_manifest.ts";
import type { CollectCounts } from "../../core/collected.ts";
import type { StatusShard } from "../../core/describe_status.ts";
import { MANIFEST, metricsName, outName } from "../../core/run_paths.ts";
import { runTimes } from "../../core/run_times.ts";
import { type FarmManifest, type Manifest, ShardResult } from "../../core/schema/manifest.ts";
import type { RunTimes } from "../../core/schema/run_times.ts";
import { type FolderListing, listFolder } from "../fs/list.ts";
import { type OutKind, refuseOut } from "../fs/refuse_out.ts";
import { writeDocument } from "../fs/write.ts";
import { changeManifest } from "../run/change_manifest.ts";
import { isFarmRun, isManifestOf, openRun, type Run } from "../run/load_manifest.ts";
import { ownSubmissions } from "../run/submissions.ts";
import { sweepDone } from "../run/temporary.ts";
import { ingestIncoming, sweepIncoming } from "../shard/ingest.ts";
import { oldShards } from "../shard/old_run.ts";
import { readRecords, type RunRecords, timeFacts } from "../shard/run_records.ts";
import { collectDone, type CollectedShard, collectOldShard, collectShard } from "./collect_shard.ts";
import { readDoneShards, type ShardReader, startShardReader } from "./done_shards.ts";

export interface CollectReport {
  manifest: string;
  run_id: string;
  counts: CollectCounts;
  times: RunTimes;
  /** Every shard that is not ok, with the reason. */
  not_ok: { shard_index: number; state: string; error: string | null }[];
}

/** Results of the live shards of a manifest. */
interface Collection {
  /** A listing of the run directory. */
  names: ReadonlySet<string>;
  shards: CollectedShard[];
  counts: CollectCounts;
  times: RunTimes;
}

/**
 * Checks every shard of a run and writes results[] into its manifest (or into `out`). Bad shards are rows of it, not
 * errors.
 * @param states states of the shards by a query that included their scheduler
 * @throws {FarmError} input, when the manifest cannot be read or written
 */
export async function collectRun(
  path: string,
  out: string | null,
  now_utc: string,
  states: readonly StatusShard[] = [],
): Promise<CollectReport> {
  const reader = startShardReader(path, "proven");
  try {
    return await collectOpened(openRun(path), out, now_utc, reader, states);
  } finally {
    reader?.close();
  }
}

/** Collects as collectRun does, a run whose manifest was just read. @param reader a second thread for reading shards */
export async function collectOpened(
  run: Run,
  out: string | null,
  now_utc: string,
  reader: ShardReader | undefined,
  states: readonly StatusShard[] = [],
): Promise<CollectReport> {
  const target = out === null ? run.manifest_path : resolve(out);
  const check = checker(states, reader);
  const found = target === run.manifest_path
    ? await collectInPlace(run, check, now_utc)
    : await collectInto(target, run, check, now_utc);
  if (isFarmManifest(run.manifest) && found.shards.every((one) => one.ok)) {
    sweepIncoming(run.dir, new Set(found.shards.map(({ result }) => result.shard_index)));
    sweepDone(run.dir, found.names);
  }
  return {
    manifest: target,
    run_id: run.manifest.run_id,
    counts: found.counts,
    times: found.times,
    not_ok: notOk(found),
  };
}

const manifestOut = (manifest: Manifest): OutKind => ({
  flag: "--out",
  what: "manifest of this run",
  name: MANIFEST,
  isOne: (path) => isManifestOf(path, manifest),
});

/** Checks the shards as collectRun does and writes nothing. @throws {FarmError} input */
export async function checkRun(path: string): Promise<Pick<CollectReport, "counts" | "not_ok">> {
  const found = await checker([])(openRun(path));
  return { counts: found.counts, not_ok: notOk(found) };
}

const notOk = ({ shards }: Collection) => shards.filter((one) => !one.ok).map(describe);

/** Writes the manifest with the results into another file. */
async function collectInto(target: string, run: Run, check: Check, now_utc: string): Promise<Collection> {
  refuseOut(manifestOut(run.manifest), target);
  const found = await check(run);
  writeDocument(target, collected(run, found, now_utc));
  return found;
}

/** Writes the results into the present manifest; shards added to it meanwhile are checked first. */
async function collectInPlace(run: Run, check: Check, now_utc: string): Promise<Collection> {
  let found = await check(run);
  for (;;) {
    let isWhole = true;
    const now = changeManifest(run, (manifest) => {
      isWhole = isOfAll(found, manifest);
      return isWhole ? collected({ ...run, manifest }, found, now_utc) : manifest;
    });
    if (isWhole) return found;
    found = await check(now);
  }
}

function isOfAll({ shards }: Collection, manifest: Manifest): boolean {
  const live = livePlans(manifest);
  return live.length === shards.length && live.every((plan, i) => plan.shard_index === shards[i]?.result.shard_index);
}

type Check = (run: Run) => Promise<Collection>;

/** Returns a function that checks the live shards of a manifest, each only once. */
function checker(states: readonly StatusShard[], reader?: ShardReader): Check {
  const seen = new Map<number, CollectedShard>();
  return async (run) => {
    const records = readRecords(run);
    if (isFarmRun(run)) ingestIncoming(run);
    const listing = listFolder(run.dir);
    const shards = isFarmRun(run)
      ? await collectAll(run, { records, states, seen, listing, reader })
      : oldShards(run).map((old) => collectOldShard(run.manifest, old));
    const ok = shards.flatMap(({ time }) => time ?? []);
    const elapsed = isFarmManifest(run.manifest)
      ? []
      : shards.flatMap(({ ok, result }) => ok ? [result.elapsed_s ?? null] : []);
    return {
      names: listing.names,
      shards,
      counts: countShards(shards),
      times: runTimes(timeFacts(ok, elapsed, records)),
    };
  };
}

interface Known {
  records: RunRecords;
  states: readonly StatusShard[];
  seen: Map<number, CollectedShard>;
  listing: FolderListing;
  reader: ShardReader | undefined;
}

async function collectAll(
  run: Run<FarmManifest>,
  { records, states, seen, listing: { names, irregular }, reader }: Known,
): Promise<CollectedShard[]> {
  const { dir, manifest } = run;
  const plans = livePlans(manifest);
  const isFile = (name: string) => names.has(name) && !irregular.has(name);
  const isWanted = (i: number) => !seen.has(i) && isFile(metricsName(i)) && isFile(outName(i));
  const wanted = plans.map((plan) => plan.shard_index).filter(isWanted);
  const proven = await readDoneShards(run, wanted, "proven", reader);
  const reported = new Map([...submittedShards(run), ...states].map((one) => [one.shard, one]));
  return plans.map((plan) => {
    const i = plan.shard_index;
    const done = proven.get(i);
    const shard = seen.get(i) ??
      (done
        ? collectDone(dir, plan, done)
        : collectShard(dir, manifest, plan, records.attempts.get(i) ?? [], names, reported.get(i)));
    seen.set(i, shard);
    return shard;
  });
}

/** Returns the states of shards that a scheduler has; files alone cannot show their state. */
function submittedShards(run: Run): StatusShard[] {
  const why = "it was submitted; nsfarm-deno status queries its scheduler";
  return ownSubmissions(run).filter(({ state }) => state !== "refused")
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

function collected(run: Run, { shards, counts, times }: Collection, now_utc: string): Manifest {
  const { manifest } = run;
  const before = new Map((manifest.results ?? []).map((result) => [result.shard_index, result]));
  const results = shards.map(({ result }) => withUnknown(result, before.get(result.shard_index)));
  const farm = manifest.farm && { farm: { ...manifest.farm, collected: { at_utc: now_utc, ...counts, times } } };
  return { ...manifest, results, collected_at_utc: now_utc, ...farm, ...placeOf(run) };
}

/**
 * Returns the present directory of an old run for its rows: all paths of a document are of one moment. In a run of
 * ours, run_dir is the directory of its jobs and job files.
 */
const placeOf = ({ dir, manifest: { farm } }: Run) => farm ? {} : { run_dir: dir };

const KNOWN = new Set<string>(Object.keys(ShardResult.shape));

/** Returns a row with an earlier one's fields that are not computed here: only the ssh runner knows a remote folder. */
function withUnknown(row: ShardResult, before: ShardResult | undefined): ShardResult {
  if (!before) return row;
  const unknown = Object.keys(before).filter((member) => !KNOWN.has(member));
  if (unknown.length === 0 && (before.remote_dir ?? null) === null) return row;
  const kept = Object.fromEntries(unknown.map((member) => [member, before[member]]));
  return { ...row, remote_dir: before.remote_dir ?? null, ...kept };
}

const describe = ({ result }: CollectedShard) => ({
  shard_index: result.shard_index,
  state: result.farm?.state ?? result.status ?? "unknown",
  error: result.error ?? null,
});
