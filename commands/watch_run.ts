import { join } from "node:path";
import { livePlans } from "../core/check_manifest.ts";
import { describeChanges } from "../core/describe_status.ts";
import { FarmError } from "../core/errors.ts";
import { faultsToRecord } from "../core/faulty_nodes.ts";
import { CLAIMS } from "../core/run_paths.ts";
import { plural } from "../core/format.ts";
import type { FarmManifest } from "../core/schema/manifest.ts";
import { LATE_FILES_S } from "../core/shard_states.ts";
import { pausedWords } from "../core/steering.ts";
import { listNames, orRefusal } from "../runtime/fs/list.ts";
import type { Run } from "../runtime/run/load_manifest.ts";
import { noteNodeFaults } from "../runtime/run/node_journal.ts";
import { readSteering } from "../runtime/run/steering.ts";
import { recordSilent } from "../runtime/run/submissions.ts";
import { inspectWorkers, listWorkers } from "../runtime/run/workers.ts";
import { queryScheduler, shardsWithFiles } from "../runtime/scheduler/query.ts";
import { ingestIncoming } from "../runtime/shard/ingest.ts";
import type { ShardReader } from "../runtime/state/done_shards.ts";
import { explainEnds } from "../runtime/state/job_logs.ts";
import { type ScannedShard, scanRun, scanUntouched, type Seen } from "../runtime/state/scan.ts";
import { type RunStatus, runStatus } from "../runtime/state/status.ts";
import { inspectMachine, type Machine } from "../runtime/system/machine.ts";
import { endingPrograms, pauseFor } from "../runtime/system/process.ts";
import { PILOT_SILENCE_S, PilotWatch } from "../runtime/worker/heartbeats.ts";
import type { Backend } from "../schedulers/adapter.ts";
import type { Output } from "./flags.ts";
import { openProgress } from "./progress.ts";

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
  reader?: ShardReader,
): Promise<ScannedShard[] | null> {
  const untouched = await scanUntouched(run, seen, reader);
  if (untouched) return untouched;
  const there = shardsWithFiles(run.dir);
  if (!livePlans(run.manifest).every(({ shard_index }) => there.has(shard_index))) return null;
  const scanned = await scanRun(run, machine, null, seen);
  return scanned.every(isDone) ? scanned : null;
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

/** The state of a watched run at its end, or when its pilots are silent. */
type WatchedRun = RunStatus & { is_silent: boolean };

const SILENT =
  `no pilot has updated its heartbeat for ${PILOT_SILENCE_S} s, although the scheduler lists them as running: they count as dead`;

/** Returns the wait until the next status in ms: short while states change, longer for long runs and many shards. */
function nextWait_ms(round: number, local: boolean): number {
  return Math.min((local ? 500 : 2000) * 1.15 ** round, local ? 2000 : 30_000);
}

/**
 * Watches a run until it has ended, or until `stop`.
 * @param poll_s seconds between two queries, in place of a growing wait
 * @param isDue ends the watch too; the caller then goes on by itself, so that no advice is printed
 */
export async function watchRun(
  run: Run<FarmManifest>,
  adapter: Backend,
  stop: AbortSignal,
  out: Output,
  stream: boolean,
  grace_s = LATE_FILES_S,
  poll_s?: number,
  isDue?: (status: RunStatus) => boolean,
): Promise<WatchedRun> {
  const view = openProgress();
  const machine = await inspectMachine();
  const seen: Seen = new Map();
  const printed = new Map<string, Set<number>>();
  let asked: string[] = [];
  const news = (lines: string[]) => {
    const before = asked;
    asked = lines;
    return lines.filter((line) => !before.includes(line));
  };
  const pilots = run.manifest.farm.pilots === null ? null : new PilotWatch();
  try {
    for (let round = 0;; round++) {
      const status = await endingPrograms(stop, () => inspectRun(run, adapter, machine, grace_s, seen));
      if (stream) out.document(status.summary, true);
      // A query that was interrupted has not heard the scheduler: what it lacks has not changed.
      if (!stop.aborted) {
        for (const words of news(status.summary.steering)) view.note(words);
        for (const words of describeChanges(printed, status.shards)) view.note(words);
        view.show(status.progress);
      }
      const silent = pilots?.silent(status.states, listWorkers(run.dir), performance.now()) ?? [];
      if (silent.length > 0) {
        recordSilent(run, silent);
        view.note(SILENT);
        return { ...status, ended: true, is_silent: true };
      }
      if (status.ended || stop.aborted || isDue?.(status)) {
        for (const words of isDue ? [] : status.summary.advice) view.note(words);
        return { ...status, is_silent: false };
      }
      await pauseFor(poll_s === undefined ? nextWait_ms(round, adapter.slots_on === "machine") : poll_s * 1000, stop);
    }
  } finally {
    view.close();
  }
}

const RESUMED_POLL_MS = 2000;

/** Waits until a paused run is resumed: nothing of it is submitted before. Not where all its shards are done. */
export async function untilResumed(run: Run<FarmManifest>, stop: AbortSignal, out: Output): Promise<void> {
  for (let printed = ""; !stop.aborted; await pauseFor(RESUMED_POLL_MS, stop)) {
    const words = pausedWords(readSteering(run) ?? {}, run.dir);
    const there = shardsWithFiles(run.dir);
    if (words === null || livePlans(run.manifest).every(({ shard_index }) => there.has(shard_index))) return;
    if (words !== printed) out.note(words);
    printed = words;
  }
}
