import { areTimesKnown, type AttemptTime, attemptTime, type OneClock, onOneClock } from "../../core/attempt_time.ts";
import { isFarmManifest, livePlans } from "../../core/check_manifest.ts";
import { fitQuality } from "../../core/fit_quality.ts";
import { type FailedAttempt, joinToys, type RunFacts, type ShardFacts, type ToyFacts } from "../../core/run_facts.ts";
import { recordHost } from "../../core/record.ts";
import { recoveryLines } from "../../core/recovery_history.ts";
import { placeSubmissions, runTimes } from "../../core/run_times.ts";
import type { Attempt } from "../../core/schema/attempt.ts";
import type { FitQuality } from "../../core/schema/fit_quality.ts";
import type { FarmManifest, Plan, RunRecord, WorkloadSettings } from "../../core/schema/manifest.ts";
import type { ShardRecord } from "../../core/schema/shard_record.ts";
import { recordFacts, spanOf, UNKNOWN_SHARD } from "../../core/shard_facts.ts";
import { partStarts } from "../../core/merge/source_facts.ts";
import { addStarts } from "../../core/starts/tally.ts";
import { failedCheck, MOST_MISSED } from "../../core/starts/words.ts";
import { startReasons } from "../../core/trial_fit.ts";
import { testMarks } from "../../core/observed/words.ts";
import { workloadOf } from "../../core/workload/registry.ts";
import type { AnyOutput } from "../../core/workload/workload.ts";
import { listNames } from "../fs/list.ts";
import { Unreadable } from "../fs/read.ts";
import { summedCheckOf } from "../merge/check_merged.ts";
import { openRun, type Run } from "../run/load_manifest.ts";
import { ownSubmissions } from "../run/submissions.ts";
import { type OldShard, oldShards } from "../shard/old_run.ts";
import { readOutput, readTimed } from "../shard/read.ts";
import { readRecords, type RunRecords, timeFacts } from "../shard/run_records.ts";
import { DISTRIBUTIONS, upperLimit } from "../system/distributions.ts";
import { collectOldShard, collectShard } from "./collect_shard.ts";
import { oldError } from "./old_status.ts";
import { unusedHosts } from "./unused_hosts.ts";

/** A shard's facts and, where it is done, its toys. */
interface ReadShard {
  facts: ShardFacts;
  record: ShardRecord | null;
  time: AttemptTime | null;
  output: AnyOutput | null;
}

/**
 * Reads all facts in a run directory. Each shard's files are checked as for a merge, and nothing is written.
 * @throws {FarmError} input, when the manifest cannot be read
 */
export function readRunFacts(path: string): RunFacts {
  const run = openRun(path);
  const { dir, manifest } = run;
  const records = readRecords(run);
  const is_old = !isFarmManifest(manifest);
  const shards = readShards(run, records);
  const elapsed = is_old ? shards.flatMap(({ facts, output }) => output ? [facts.wall_s] : []) : [];
  const times = shards.flatMap(({ time }) => time ?? []);
  const toys = joinToys(
    shards.flatMap(({ facts, output }) => output && "frame" in output ? { start: facts.toy_start, output } : []),
  );
  const when = timeFacts(times, elapsed, records);
  const clock = onOneClock(when.attempts);
  const places = placesOf(when.attempts, clock);
  return {
    run_id: manifest.run_id,
    run_dir: dir,
    is_old,
    scheduler: manifest.scheduler ?? "unknown",
    created_at_utc: manifest.created_at_utc,
    workload: workloadWords(manifest.farm?.workload),
    n_toys: manifest.n_toys,
    seed: manifest.seed,
    threads: `${manifest.threads ?? "unknown"}`,
    nextstat_version: manifest.farm?.nextstat_version ?? null,
    environment: manifest.farm?.environment ?? null,
    times: runTimes(when),
    shards: shards.map(({ facts, time }) => placed(facts, time && places.get(time))),
    failed_attempts: failedAttempts(records.attempts, when.attempts.slice(times.length), places),
    recovered: recoveryLines(manifest.farm?.history ?? [], ownSubmissions(run)),
    unused_hosts: isFarmManifest(manifest) ? unusedBy(manifest, shards) : [],
    submitted_ms: firstSubmission_ms(records, clock),
    merged_check: summedCheckOf(run),
    toys,
    has_pulls: manifest.farm?.pulls === true,
    result: isFarmManifest(manifest) ? resultOf(manifest, shards) : [],
    fits: toys && fitsOf(toys, manifest.farm, shards),
  };
}

function readShards(run: Run, { attempts }: RunRecords): ReadShard[] {
  const { dir, manifest } = run;
  if (!isFarmManifest(manifest)) return oldShards(run).map((old) => readOld(run, old));
  const names = new Set(listNames(dir));
  return livePlans(manifest).map((plan) => readOne(dir, manifest, plan, attempts.get(plan.shard_index) ?? [], names));
}

/** Returns the time of the first submission on the common clock of the run, in ms since 1970; null: there is none. */
function firstSubmission_ms({ submissions }: RunRecords, clock: OneClock): number | null {
  const first = Math.min(...placeSubmissions(submissions, clock).map(({ at_ms }) => at_ms));
  return Number.isFinite(first) ? first : null;
}

/** Returns a sentence for each host that gave no result; none before the run is whole. */
const unusedBy = (manifest: FarmManifest, shards: readonly ReadShard[]): string[] =>
  shards.every(({ time }) => time !== null)
    ? unusedHosts(manifest, shards.flatMap(({ record }) => record ? recordHost(record) : []))
    : [];

const workloadWords = (workload: WorkloadSettings | undefined): string =>
  workload === undefined ? "" : `${workload.name}${workload.mu === undefined ? "" : ` at mu = ${workload.mu}`}`;

/** Returns the sum of the finished shards of a workload with counts, in lines, and what is to be known of their fits. */
function resultOf(manifest: FarmManifest, shards: readonly ReadShard[]): string[] {
  const { merge } = workloadOf(manifest);
  const counted = shards.filter(({ record }) => record !== null)
    .toSorted((a, b) => a.facts.toy_start - b.facts.toy_start).flatMap(({ output }) => output ?? []);
  if (!merge || counted.length === 0) return [];
  return [...merge.addUp(counted, manifest.farm.workload, DISTRIBUTIONS).lines, ...testMarks(manifest.farm)];
}

function fitsOf(
  { poi_name, ...toys }: ToyFacts,
  farm: RunRecord | undefined,
  shards: readonly ReadShard[],
): FitQuality {
  const parts = shards.flatMap(({ facts, output }) => output ? { n_shards: 1, warnings: facts.warnings } : []);
  return fitQuality(poi_name, { ...toys, bounds: farm?.poi_bounds ?? null }, parts, startsOf(farm, shards));
}

/** Returns what several starts, or trial toys of a run without, show of the fits. */
function startsOf(
  farm: RunRecord | undefined,
  shards: readonly ReadShard[],
): Pick<FitQuality, "starts" | "starts_check" | "reasons"> {
  const check = failedCheck(farm?.starts_check);
  if (!farm?.starts) return { reasons: startReasons(farm), ...(check ? { starts_check: check } : {}) };
  const parts = shards.flatMap(({ output }) => output && "frame" in output ? [partStarts(output.frame)] : []);
  const rules = { upperLimit, max_missed: farm.guardrails.max_missed ?? MOST_MISSED };
  const starts = addStarts(parts, farm.starts, rules);
  return starts ? { starts } : {};
}

function readOne(
  dir: string,
  manifest: FarmManifest,
  plan: Plan,
  attempts: Attempt[],
  names: ReadonlySet<string>,
): ReadShard {
  const { found, timing } = readTimed(dir, manifest, plan);
  if (found.kind !== "done") {
    const { result } = collectShard(dir, manifest, plan, attempts, names);
    const state = result.farm?.state ?? "unknown";
    const host = result.host === plan.host ? null : result.host;
    const cause = attempts.at(-1)?.end?.cause ?? null;
    return { facts: { ...UNKNOWN_SHARD, ...placeOf(plan), state, why: result.error ?? null, cause, host }, ...NOTHING };
  }
  const { metrics: { farm }, output: { output } } = found;
  const time = attemptTime(farm);
  const facts = { ...recordFacts(farm, time, timing), ...placeOf(plan), ...workloadOf(manifest).counts(output) };
  return { facts, record: farm, time, output };
}

const NOTHING = { record: null, time: null, output: null };

const placeOf = ({ shard_index, toy_start, n_toys }: Plan) => ({ shard_index, toy_start, n_toys });

/** Reads a shard of an old run; the side files of the old wrappers have its host and duration, and no times. */
function readOld(run: Run, old: OldShard): ReadShard {
  const { result, ok } = collectOldShard(run.manifest, old);
  const output = ok ? readOutput(old.out, run.manifest, old.plan) : null;
  const known = output instanceof Unreadable || output === null ? null : output.output;
  const facts: ShardFacts = {
    ...UNKNOWN_SHARD,
    ...placeOf(old.plan),
    state: known ? "done" : result.status === "failed" ? "failed" : "unknown",
    why: known ? null : oldReason(result.error ?? null, oldError(old)),
    host: old.host,
    wall_s: old.elapsed_s,
    ...(known ? workloadOf(run.manifest).counts(known) : {}),
  };
  return { facts, record: null, time: null, output: known };
}

const oldReason = (what: string | null, printed: string | null): string | null =>
  [what, printed].filter((one) => one !== null).join(": ") || null;

/** Returns each attempt on the common clock of the run; none where that clock does not give the times of shards. */
function placesOf(attempts: readonly AttemptTime[], clock: OneClock): Map<AttemptTime, AttemptTime> {
  if (!areTimesKnown(clock)) return new Map();
  return new Map(attempts.flatMap((one, i) => clock.attempts[i] ? [[one, clock.attempts[i]] as const] : []));
}

function placed(facts: ShardFacts, time: AttemptTime | null | undefined): ShardFacts {
  return { ...facts, span: facts.span && (time ? spanOf(time, facts.span.slot) : null) };
}

/** Returns the failed attempts of a run. @param times of the attempts that have an end, in their order */
function failedAttempts(
  attempts: ReadonlyMap<number, Attempt[]>,
  times: readonly AttemptTime[],
  places: ReadonlyMap<AttemptTime, AttemptTime>,
): FailedAttempt[] {
  const ends = [...attempts.values()].flat().flatMap(({ end }) => end ?? []);
  return ends.flatMap(({ shard_index, cause, slot }, i) => {
    const time = times[i] && places.get(times[i]);
    const span = time ? spanOf(time, slot) : null;
    return span && cause !== "ok" ? [{ shard_index, cause, span }] : [];
  });
}
