import { describeChanges } from "../core/describe_status.ts";
import type { FarmManifest } from "../core/schema/manifest.ts";
import { LATE_FILES_S } from "../core/shard_states.ts";
import { pausedWords } from "../core/steering.ts";
import type { Run } from "../runtime/run/load_manifest.ts";
import { readSteering } from "../runtime/run/steering.ts";
import { recordSilent } from "../runtime/run/submissions.ts";
import { listWorkers } from "../runtime/run/workers.ts";
import type { Seen } from "../runtime/state/scan.ts";
import { hasAllFiles, inspectRun, type RunStatus } from "../runtime/state/status.ts";
import { inspectMachine } from "../runtime/system/machine.ts";
import { endingPrograms, pauseFor } from "../runtime/system/process.ts";
import { PILOT_SILENCE_S, PilotWatch } from "../runtime/worker/heartbeats.ts";
import type { Backend } from "../schedulers/adapter.ts";
import type { Output } from "./flags.ts";
import { openProgress } from "./progress.ts";

/** The state of a watched run at its end, or when its pilots are silent. */
type WatchedRun = RunStatus & { is_silent: boolean };

const SILENT =
  `no pilot has updated its heartbeat for ${PILOT_SILENCE_S} s, although the scheduler lists them as running: they count as dead`;

/** Returns the wait until the next status in ms: short while states change, longer for long runs and many shards. */
function nextWait_ms(round: number, local: boolean): number {
  return Math.min((local ? 500 : 2000) * 1.15 ** round, local ? 2000 : 30_000);
}

interface Watching {
  /** Whether each status is printed as a document. */
  stream?: boolean;
  grace_s?: number;
  /** Seconds between two queries, in place of a growing wait. */
  poll_s?: number | undefined;
  /** Ends the watch too; the caller then continues by itself, so that no advice is printed. */
  isDue?: (status: RunStatus) => boolean;
}

/** Watches a run until it has ended, or until `stop`. */
export async function watchRun(
  run: Run<FarmManifest>,
  adapter: Backend,
  stop: AbortSignal,
  out: Output,
  { stream = false, grace_s = LATE_FILES_S, poll_s, isDue }: Watching = {},
): Promise<WatchedRun> {
  const view = openProgress();
  const machine = await inspectMachine();
  const seen: Seen = new Map();
  const showChanges = changesOn(view);
  const isSilent = silenceOf(run);
  try {
    let before: RunStatus | undefined;
    for (let round = 0;; round++) {
      const found = await endingPrograms(stop, () => inspectRun(run, adapter, machine, grace_s, seen));
      // An interrupted query lacks the scheduler's answer: what was known before counts.
      const status: RunStatus = stop.aborted ? before ?? found : found;
      before = status;
      if (stream && status === found) out.document(status.summary, true);
      if (!stop.aborted) showChanges(status);
      if (isSilent(status)) {
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

/** Returns a function that shows what has changed since the status before. */
function changesOn(view: ReturnType<typeof openProgress>): (status: RunStatus) => void {
  const printed = new Map<string, Set<number>>();
  let before: readonly string[] = [];
  return ({ summary: { steering }, shards, progress }) => {
    for (const words of steering.filter((line) => !before.includes(line))) view.note(words);
    before = steering;
    for (const words of describeChanges(printed, shards)) view.note(words);
    view.show(progress);
  };
}

/** Returns a function that finds whether the pilots of a run are silent, and records that they count as dead. */
function silenceOf(run: Run<FarmManifest>): (status: RunStatus) => boolean {
  const pilots = run.manifest.farm.pilots === null ? null : new PilotWatch();
  return ({ states }) => {
    const silent = pilots?.silent(states, listWorkers(run.dir), performance.now()) ?? [];
    if (silent.length > 0) recordSilent(run, silent);
    return silent.length > 0;
  };
}

const RESUMED_POLL_MS = 2000;

/** Waits until a paused run is resumed, so that nothing of it is submitted before; not where all its shards are done. */
export async function untilResumed(run: Run<FarmManifest>, stop: AbortSignal, out: Output): Promise<void> {
  for (let printed = ""; !stop.aborted; await pauseFor(RESUMED_POLL_MS, stop)) {
    const words = pausedWords(readSteering(run) ?? {}, run.dir);
    if (words === null || hasAllFiles(run)) return;
    if (words !== printed) out.note(words);
    printed = words;
  }
}
