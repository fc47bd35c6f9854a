import { join } from "node:path";
import { livePlans } from "../../core/check_manifest.ts";
import type { StatusShard, StatusSummary } from "../../core/describe_status.ts";
import { FarmError } from "../../core/errors.ts";
import {
  faultsToRecord,
  type FaultyNode,
  faultyNodes,
  type ShardOnNode,
  withNodeFaults,
} from "../../core/faulty_nodes.ts";
import { plural } from "../../core/format.ts";
import { oldGlibc } from "../../core/glibc.ts";
import { paceOf, type Progress } from "../../core/progress.ts";
import { recoveryLines } from "../../core/recovery_history.ts";
import { CLAIMS, MERGED } from "../../core/run_paths.ts";
import { runTimes } from "../../core/run_times.ts";
import type { FarmManifest } from "../../core/schema/manifest.ts";
import type { RunTimes } from "../../core/schema/run_times.ts";
import type { NativeState } from "../../core/schema/scheduler.ts";
import { isEnded, isGoingOn, LATE_FILES_S, NOT_SUBMITTED } from "../../core/shard_states.ts";
import { jobRequest, runUsage } from "../../core/usage.ts";
import { steeringLines } from "../../core/steering.ts";
import { sumToys } from "../../core/toy_ranges.ts";
import type { Backend } from "../../schedulers/adapter.ts";
import { listNames, orRefusal } from "../fs/list.ts";
import { exists } from "../fs/write.ts";
import { summedCheckOf } from "../merge/check_merged.ts";
import type { Run } from "../run/load_manifest.ts";
import { noteNodeFaults } from "../run/node_journal.ts";
import { readSteering } from "../run/steering.ts";
import { ownSubmissions, withoutSilent } from "../run/submissions.ts";
import { inspectWorkers } from "../run/workers.ts";
import { lastLoopError } from "../scheduler/background.ts";
import { type QueriedScheduler, queryScheduler } from "../scheduler/query.ts";
import { listAttempts, readAttempt } from "../shard/attempts.ts";
import { ingestIncoming } from "../shard/ingest.ts";
import { shardsWithFiles } from "../shard/list_run.ts";
import { readRecords, timeFacts } from "../shard/run_records.ts";
import type { Machine } from "../system/machine.ts";
import { pauseFor } from "../system/process.ts";
import type { ShardReader } from "./done_shards.ts";
import { explainEnds } from "./job_logs.ts";
import { shardOnNode } from "./on_nodes.ts";
import { type ScannedShard, scanRun, scanUntouched, type Seen } from "./scan.ts";
import { adviceOn, isOrphan } from "./status_advice.ts";
import { unusedHosts } from "./unused_hosts.ts";

export interface RunStatus {
  summary: StatusSummary;
  shards: StatusShard[];
  progress: Progress;
  /** Whether its scheduler answered. */
  reached: boolean;
  /** Reported state of each task, except pilots that count as dead. */
  states: NativeState[];
  /** No shard runs, waits or may still appear: the run does not continue by itself. A paused run waits. */
  ended: boolean;
  /** The shards by node, with the fault "node" where their node is to blame, and those nodes; empty in a whole run. */
  on_nodes: ShardOnNode[];
  faulty: FaultyNode[];
}

/** Returns the state of a run from its files, scheduler and worker loops. @param reader thread that reads shards */
export async function inspectRun(
  run: Run<FarmManifest>,
  adapter: Backend,
  machine: Machine,
  grace_s = LATE_FILES_S,
  seen: Seen = new Map(),
  reader?: ShardReader,
): Promise<RunStatus> {
  const whole = await wholeRun(run, machine, seen, reader);
  if (whole) return runStatus(run, whole, null, [], adapter);
  const answer = await queryScheduler(run, adapter, grace_s);
  const refused = orRefusal(() => ingestIncoming(run));
  const scanned = explainEnds(run, adapter, await scanRun(run, machine, answer, seen));
  const workers = scanned.every(isDone) ? [] : await workerWords(run, machine);
  const isLeft = adapter.kind === "worker" && workers.length === 0 && !scanned.every(isDone);
  const faults = [
    ...(refused instanceof FarmError ? [refused.message] : []),
    ...(isLeft ? lastLoopError(run) : []),
  ];
  const status = runStatus(run, scanned, answer, workers, adapter, faults);
  noteNodeFaults(run, faultsToRecord(status.faulty, scanned.some(isDone)));
  return status;
}

const isDone = ({ state }: ScannedShard) => state === "done";

/** Returns all shards of a run that is whole by its files, without a query of its scheduler; else null. */
async function wholeRun(
  run: Run<FarmManifest>,
  machine: Machine,
  seen: Seen,
  reader: ShardReader | undefined,
): Promise<ScannedShard[] | null> {
  const untouched = await scanUntouched(run, seen, reader);
  if (untouched) return untouched;
  if (!hasAllFiles(run)) return null;
  const scanned = await scanRun(run, machine, null, seen);
  return scanned.every(isDone) ? scanned : null;
}

/** Returns whether all shards of a run have both files under their final names. */
export function hasAllFiles({ dir, manifest }: Run<FarmManifest>): boolean {
  const there = shardsWithFiles(dir);
  return livePlans(manifest).every(({ shard_index }) => there.has(shard_index));
}

async function workerWords(run: Run<FarmManifest>, machine: Machine): Promise<string[]> {
  const refused = orRefusal(() => listNames(join(run.dir, CLAIMS)));
  if (refused instanceof FarmError) return [refused.message];
  const { alive, elsewhere, unknown } = await inspectWorkers(run, machine.process.boot_id);
  return [
    ...alive.map((one) => `worker ${one.process.pid} (${plural(one.slots, "slot")}) is running here`),
    ...elsewhere.map((one) => `a worker (${plural(one.slots, "slot")}) was started on ${one.process.host}`),
    ...unknown.map(({ why }) => why),
  ];
}

/** Returns the state of a run in the numbers that a person or a script needs. */
export function runStatus(
  run: Run<FarmManifest>,
  scanned: ScannedShard[],
  answer: QueriedScheduler | null,
  workers: string[],
  adapter: Backend,
  faults: readonly string[] = [],
): RunStatus {
  const { manifest } = run;
  const [counts, times] = [countStates(scanned), timesSoFar(run, scanned)];
  const toys_done = sumToys(scanned.filter(isDone).map(({ plan }) => plan));
  const pace = paceOf(times, manifest.n_toys - toys_done, (counts.running ?? 0) > 0);
  const [isWhole, isWorking] = [toys_done === manifest.n_toys, workers.length > 0];
  const steering = readSteering(run);
  const isPaused = steering?.paused !== undefined && !isWhole;
  const on_nodes = isWhole ? [] : shardsOnNodes(run, adapter, scanned, answer);
  const faulty = faultyNodes(on_nodes);
  const orphans = isWorking ? [] : scanned.filter(isOrphan);
  const glibc = glibcOf(scanned);
  return {
    summary: {
      ...{ run_id: manifest.run_id, run_dir: run.dir, scheduler: manifest.scheduler },
      ...{ counts, total: scanned.length, toys_done, toys_total: manifest.n_toys },
      ...{ toys_per_s: times.toys_per_s, left_s: pace.left_s },
      merged: mergedPath(run),
      merged_check: summedCheckOf(run),
      workers: [
        ...[...workers, ...faults, ...silence(run, answer)],
        ...(isWhole ? unusedHosts(manifest, scanned.flatMap(({ host }) => host ?? [])) : []),
        ...oldGlibc(Object.entries(glibc)),
      ],
      ...(isWhole ? usageOf(run, adapter, scanned, times) : {}),
      glibc,
      recovered: recoveryLines(manifest.farm.history, ownSubmissions(run)),
      steering: isWhole ? [] : steeringLines(steering, run.dir),
      advice: isWhole ? [] : adviceOn(run, adapter, { scanned, orphans, faulty, isWorking, isPaused }),
    },
    shards: scanned.map((shard) => shownShard(shard, isWorking)),
    progress: progressOf(scanned, counts, pace),
    reached: answer?.reached ?? false,
    states: withoutSilent(run, answer?.states ?? []),
    ended: !isPaused && !scanned.some((shard) => mayGoOn(shard, orphans)),
    on_nodes: withNodeFaults(on_nodes),
    faulty,
  };
}

function countStates(scanned: readonly ScannedShard[]): StatusSummary["counts"] {
  const counts: StatusSummary["counts"] = {};
  for (const { state } of scanned) counts[state] = (counts[state] ?? 0) + 1;
  return counts;
}

/** Returns the times of the run so far; none where attempts may not be read, since the times would be too short. */
function timesSoFar(run: Run<FarmManifest>, scanned: ScannedShard[]): RunTimes {
  const records = orRefusal(() => readRecords(run));
  if (records instanceof FarmError) return runTimes(timeFacts([], [], { attempts: new Map(), submissions: [] }));
  return runTimes(timeFacts(scanned.flatMap(({ time }) => time ?? []), [], records));
}

/** Returns the shards by node; none of this machine, whose slots have no other machine to be compared with. */
function shardsOnNodes(
  run: Run<FarmManifest>,
  { slots_on }: Backend,
  scanned: ScannedShard[],
  answer: QueriedScheduler | null,
): ShardOnNode[] {
  return slots_on === "machine" ? [] : scanned.map((one) => shardOnNode(run, one, answer));
}

/** Returns the glibc of each host that reported it, by the sh wrapper. */
function glibcOf(scanned: readonly ScannedShard[]): Record<string, string> {
  return Object.fromEntries(scanned.flatMap(({ host, glibc, last }) => {
    const version = glibc ?? last?.end?.glibc;
    return host && version ? [[host, version]] : [];
  }));
}

function mergedPath({ dir }: Run<FarmManifest>): string | null {
  const path = join(dir, MERGED);
  return exists(path) ? path : null;
}

/** Returns that the scheduler did not answer, where it was queried. */
const silence = ({ manifest }: Run<FarmManifest>, answer: QueriedScheduler | null): string[] =>
  answer && !answer.reached ? [`${manifest.scheduler} did not answer: ${answer.message}`] : [];

/** Returns what a whole run requested and used, where that is known. */
function usageOf(
  { manifest }: Run<FarmManifest>,
  { options }: Backend,
  scanned: readonly ScannedShard[],
  times: RunTimes,
): Pick<StatusSummary, "usage"> {
  const usage = runUsage(scanned.flatMap(({ time }) => time ?? []), jobRequest(manifest, options), times);
  return usage === null ? {} : { usage };
}

const shownShard = ({ plan, state, why, host, fault }: ScannedShard, isWorking: boolean): StatusShard => ({
  shard: plan.shard_index,
  state,
  why: why === NOT_SUBMITTED && isWorking ? "" : why,
  host,
  ...(fault === undefined ? {} : { fault }),
});

const progressOf = (
  scanned: readonly ScannedShard[],
  counts: StatusSummary["counts"],
  pace: Progress["pace"],
): Progress => ({
  total: scanned.length,
  done: counts.done ?? 0,
  running: counts.running ?? 0,
  failed: scanned.filter(({ state }) => isEnded(state)).length,
  held: counts.held ?? 0,
  pace,
});

/** Whether a shard runs, waits in a queue, or may still appear. */
function mayGoOn(shard: ScannedShard, orphans: readonly ScannedShard[]): boolean {
  const isQueued = shard.state === "queued" && shard.why !== NOT_SUBMITTED;
  return isQueued || (isGoingOn(shard.state) && !orphans.includes(shard));
}

const POLL_INTERVAL_MS = 2000;

/**
 * Waits until each shard has a record or an attempt with its end, at most `grace_s`: a shared file system may show the
 * files of a node late.
 * @param over shards whose jobs are known to have failed, so that no file is awaited
 */
export async function waitForFiles(
  run: Run<FarmManifest>,
  grace_s: number,
  stop: AbortSignal,
  over: ReadonlySet<number>,
): Promise<void> {
  for (const until = performance.now() + grace_s * 1000; performance.now() < until && !stop.aborted;) {
    ingestIncoming(run);
    if (allReported(run, over)) return;
    await pauseFor(POLL_INTERVAL_MS, stop);
  }
}

function allReported(run: Run<FarmManifest>, over: ReadonlySet<number>): boolean {
  const recorded = shardsWithFiles(run.dir);
  const attempts = listAttempts(run.dir);
  return livePlans(run.manifest).every(({ shard_index }) => {
    if (recorded.has(shard_index) || over.has(shard_index)) return true;
    const last = attempts.get(shard_index)?.at(-1);
    return last !== undefined && (readAttempt(run.dir, shard_index, last)?.end ?? null) !== null;
  });
}
