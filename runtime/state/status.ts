import { join } from "node:path";
import { ADVICE } from "../../core/advice.ts";
import { livePlans, uncutPlan } from "../../core/check_manifest.ts";
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
import type { ShardState } from "../../core/schema/enums.ts";
import type { FarmManifest } from "../../core/schema/manifest.ts";
import type { RunTimes } from "../../core/schema/run_times.ts";
import type { NativeState } from "../../core/schema/scheduler.ts";
import { isEnded, isGoingOn, LATE_FILES_S, NOT_ANSWERED, NOT_SUBMITTED } from "../../core/shard_states.ts";
import { quoteWord } from "../../core/shell_quote.ts";
import { jobRequest, runUsage } from "../../core/usage.ts";
import { steeringLines } from "../../core/steering.ts";
import type { Backend } from "../../schedulers/adapter.ts";
import { listNames, orRefusal } from "../fs/list.ts";
import { fullDiskAdvice } from "../fs/refuse_out.ts";
import { exists } from "../fs/write.ts";
import { summedCheckOf } from "../merge/check_merged.ts";
import type { Run } from "../run/load_manifest.ts";
import { noteNodeFaults } from "../run/node_journal.ts";
import { readSteering } from "../run/steering.ts";
import { ownSubmissions, refusalOf, twiceQueued, withoutSilent } from "../run/submissions.ts";
import { inspectWorkers } from "../run/workers.ts";
import { type QueriedScheduler, queryScheduler, shardsWithFiles } from "../scheduler/query.ts";
import { listAttempts, readAttempt } from "../shard/attempts.ts";
import { ingestIncoming } from "../shard/ingest.ts";
import { readRecords, timeFacts } from "../shard/run_records.ts";
import type { Machine } from "../system/machine.ts";
import { pauseFor } from "../system/process.ts";
import type { ShardReader } from "./done_shards.ts";
import { explainEnds } from "./job_logs.ts";
import { shardOnNode } from "./on_nodes.ts";
import { type ScannedShard, scanRun, scanUntouched, type Seen } from "./scan.ts";
import { unusedHosts } from "./unused_hosts.ts";

/** The state of a run. */
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

/**
 * Returns the state of a run: from its files, its scheduler, and the worker loops that share it.
 * @param reader a second thread for reading shards
 */
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
  const faults = refused instanceof FarmError ? [refused.message] : [];
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
  const counts: Partial<Record<ShardState, number>> = {};
  for (const { state } of scanned) counts[state] = (counts[state] ?? 0) + 1;
  const toys_done = scanned.reduce((sum, { state, plan }) => sum + (state === "done" ? plan.n_toys : 0), 0);
  const times = timesSoFar(run, scanned);
  const pace = paceOf(times, run.manifest.n_toys - toys_done, (counts.running ?? 0) > 0);
  const merged = join(run.dir, MERGED);
  const trouble = answer && !answer.reached ? [`${run.manifest.scheduler} did not answer: ${answer.message}`] : [];
  const orphans = workers.length > 0 ? [] : scanned.filter(isOrphan);
  const isGoing = (one: ScannedShard) => isGoingOn(one.state) && !orphans.includes(one);
  const isWhole = toys_done === run.manifest.n_toys;
  const unused = isWhole ? unusedHosts(run.manifest, scanned.flatMap(({ host }) => host ?? [])) : [];
  const glibc = glibcOf(scanned);
  const done = scanned.flatMap(({ time }) => time ?? []);
  const usage = isWhole ? runUsage(done, jobRequest(run.manifest, adapter.options), times) : null;
  const steering = readSteering(run);
  const isPaused = steering?.paused !== undefined && !isWhole;
  // The slots of this machine have no other machine to be compared with.
  const isCompared = !isWhole && adapter.slots_on !== "machine";
  const on_nodes = isCompared ? scanned.map((one) => shardOnNode(run, one, answer)) : [];
  const faulty = faultyNodes(on_nodes);
  const queued_somewhere = scanned.some((one) => one.state === "queued" && one.why !== NOT_SUBMITTED);
  return {
    summary: {
      run_id: run.manifest.run_id,
      run_dir: run.dir,
      scheduler: run.manifest.scheduler,
      counts,
      total: scanned.length,
      toys_done,
      toys_total: run.manifest.n_toys,
      toys_per_s: times.toys_per_s,
      left_s: pace.left_s,
      merged: exists(merged) ? merged : null,
      merged_check: summedCheckOf(run),
      workers: [...workers, ...faults, ...trouble, ...unused, ...oldGlibc(Object.entries(glibc))],
      ...(usage === null ? {} : { usage }),
      glibc,
      recovered: recoveryLines(run.manifest.farm.history, ownSubmissions(run)),
      steering: isWhole ? [] : steeringLines(steering, run.dir),
      advice: isWhole ? [] : [
        ...uncutAdvice(run, workers.length > 0),
        ...(workers.length > 0 || isPaused ? [] : submitAdvice(run, scanned.filter(({ plan }) => !plan.farm?.uncut))),
        ...orphanAdvice(run, orphans),
        ...twiceQueued(ownSubmissions(run)),
        ...fullDiskAdvice(run.dir),
        ...faulty.map((one) => faultyAdvice(run, one, adapter)),
      ],
    },
    shards: scanned.map(({ plan, state, why, host, fault }) => ({
      shard: plan.shard_index,
      state,
      why: why === NOT_SUBMITTED && workers.length > 0 ? "" : why,
      host,
      ...(fault === undefined ? {} : { fault }),
    })),
    progress: {
      total: scanned.length,
      done: counts.done ?? 0,
      running: counts.running ?? 0,
      failed: scanned.filter(({ state }) => isEnded(state)).length,
      held: counts.held ?? 0,
      pace,
    },
    reached: answer?.reached ?? false,
    states: withoutSilent(run, answer?.states ?? []),
    ended: !queued_somewhere && !scanned.some(isGoing) && !isPaused,
    on_nodes: withNodeFaults(on_nodes),
    faulty,
  };
}

/** Returns the glibc of each host that reported it, by the sh wrapper. */
function glibcOf(scanned: readonly ScannedShard[]): Record<string, string> {
  return Object.fromEntries(scanned.flatMap(({ host, glibc, last }) => {
    const version = glibc ?? last?.end?.glibc;
    return host && version ? [[host, version]] : [];
  }));
}

/** Whether a shard was started on a host behind ssh, and the loop that followed it is gone: it may still run there. */
const isOrphan = ({ state, last }: ScannedShard) => state === "unknown" && last?.remote !== undefined;

function orphanAdvice({ dir }: Run<FarmManifest>, orphans: ScannedShard[]): string[] {
  if (orphans.length === 0) return [];
  const hosts = [...new Set(orphans.map(({ host }) => host))].join(", ");
  const what = `${plural(orphans.length, "shard")} may still run on ${hosts}, but no process follows them`;
  const word = quoteWord(dir);
  return [`${what}; continue with: nsfarm-deno retry ${word}, or stop them with: nsfarm-deno cancel ${word}`];
}

/** Returns the times of the run so far; none where attempts may not be read, since the times would be too short. */
function timesSoFar(run: Run<FarmManifest>, scanned: ScannedShard[]): RunTimes {
  const records = orRefusal(() => readRecords(run));
  if (records instanceof FarmError) return runTimes(timeFacts([], [], { attempts: new Map(), submissions: [] }));
  return runTimes(timeFacts(scanned.flatMap(({ time }) => time ?? []), [], records));
}

/** Returns what becomes of toys that are not in shards yet (--shard-minutes). */
function uncutAdvice({ dir, manifest }: Run<FarmManifest>, isWorking: boolean): string[] {
  const rest = uncutPlan(manifest);
  if (!rest) return [];
  const by = isWorking ? "" : `, by the waiting command or by: nsfarm-deno retry ${quoteWord(dir)} --wait`;
  return [`${plural(rest.n_toys, "toy")} are not in shards yet: they are cut when the probes have ended${by}`];
}

/** Returns advice on shards that were not submitted, or perhaps not, with the scheduler's reason for a refusal. */
function submitAdvice(run: Run<FarmManifest>, scanned: ScannedShard[]): string[] {
  const submit = `nsfarm-deno submit ${quoteWord(run.dir)}`;
  if (scanned.some((one) => one.why === NOT_ANSWERED)) return [`${ADVICE.unanswered}: ${submit}`];
  if (!scanned.some((one) => one.why === NOT_SUBMITTED)) return [];
  // Ended shards need `retry`, which submits the others too.
  if (scanned.some(({ state }) => isEnded(state))) {
    return [`no process works on the run; continue with: nsfarm-deno retry ${quoteWord(run.dir)}`];
  }
  const refusal = refusalOf(run);
  if (refusal === null) return [`submit the remaining shards with: ${submit}`];
  return [`the last submission was refused: ${refusal}`, `${ADVICE.refused}: ${submit}`];
}

function faultyAdvice({ dir, manifest }: Run<FarmManifest>, { node, what }: FaultyNode, adapter: Backend): string {
  const flag = adapter.avoiding?.(manifest.farm.options, node);
  const how = flag ? `to avoid it: nsfarm-deno retry ${quoteWord(dir)} ${flag}` : "check that node";
  return `node ${node} is at fault: ${what}; ${how}`;
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
