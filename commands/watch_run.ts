import { LATE_FILES_S } from "../core/reconcile.ts";
import { pauseFor } from "../host/machine/pause_for.ts";
import { join } from "node:path";
import type { FarmManifest } from "../core/contracts/manifest.ts";
import { livePlans } from "../core/check_manifest.ts";
import { FarmError } from "../core/errors.ts";
import { CLAIMS } from "../core/run_paths.ts";
import { tellChanges } from "../core/describe_status.ts";
import { shardsWithFiles } from "../host/jobs/absent_since.ts";
import { askScheduler } from "../host/jobs/ask_scheduler.ts";
import { settleIncoming } from "../host/shard/settle_incoming.ts";
import { listNames } from "../host/disk/list_names.ts";
import { orRefusal } from "../host/disk/refused.ts";
import { explainEnds } from "../host/jobs/job_logs.ts";
import { recordSilent } from "../host/jobs/submissions.ts";
import type { Run } from "../host/run/load_manifest.ts";
import { lookAtMachine, type Machine } from "../host/machine/machine.ts";
import { endingPrograms } from "../host/machine/run_program.ts";
import { type RunStatus, runStatus } from "../host/state/run_status.ts";
import { type ScannedShard, scanRun, type Seen } from "../host/state/scan_run.ts";
import { PILOT_SILENCE_S, PilotWatch } from "../host/work/pilot_watch.ts";
import { listWorkers, lookAtWorkers } from "../host/work/workers.ts";
import type { Backend } from "../schedulers/adapter.ts";
import type { Output } from "./command.ts";
import { openProgress } from "./progress.ts";

/** One look at a run: its files, its scheduler, the worker loops that share it. */
export async function lookAtRun(
  run: Run<FarmManifest>,
  adapter: Backend,
  machine: Machine,
  grace_s = LATE_FILES_S,
  seen: Seen = new Map(),
): Promise<RunStatus> {
  const whole = await wholeRun(run, machine, seen);
  if (whole) return runStatus(run, whole, null, [], adapter);
  const asked = await askScheduler(run, adapter, grace_s);
  const refused = orRefusal(() => settleIncoming(run));
  const scanned = explainEnds(run, adapter, await scanRun(run, machine, asked, seen));
  const workers = scanned.every(isDone) ? [] : await workerWords(run, machine);
  return runStatus(run, scanned, asked, workers, adapter, refused instanceof FarmError ? [refused.message] : []);
}

const isDone = ({ state }: ScannedShard) => state === "done";

/** All shards of a run that is whole by its files: its scheduler has nothing to say of it. */
async function wholeRun(run: Run<FarmManifest>, machine: Machine, seen: Seen): Promise<ScannedShard[] | null> {
  const there = shardsWithFiles(run.dir);
  if (!livePlans(run.manifest).every(({ shard_index }) => there.has(shard_index))) return null;
  const scanned = await scanRun(run, machine, null, seen);
  return scanned.every(isDone) ? scanned : null;
}

async function workerWords(run: Run<FarmManifest>, machine: Machine): Promise<string[]> {
  const refused = orRefusal(() => listNames(join(run.dir, CLAIMS)));
  if (refused instanceof FarmError) return [refused.message];
  const { alive, elsewhere, unknown } = await lookAtWorkers(run, machine.process.boot_id);
  return [
    ...alive.map((one) => `worker loop ${one.process.pid} with ${one.slots} slots runs on this machine`),
    ...elsewhere.map((one) => `a worker loop with ${one.slots} slots was begun on ${one.process.host}`),
    ...unknown.map(({ why }) => why),
  ];
}

/** How it went: a run that was watched to its end, or one whose pilots give no sign of life. */
type WatchedRun = RunStatus & { is_silent: boolean };

const SILENT =
  `no pilot has given a sign of life for ${PILOT_SILENCE_S} s, though their scheduler believes them to run: they count as dead`;

/** Waits between looks: short while things move, longer for long runs; a look at many shards costs. */
function nextWait_ms(round: number, local: boolean): number {
  return Math.min((local ? 500 : 2000) * 1.15 ** round, local ? 2000 : 30_000);
}

/**
 * Follows a run until nothing more will happen by itself, or until told to stop.
 * @param poll_s seconds between two looks, in place of a wait that grows
 */
export async function watchRun(
  run: Run<FarmManifest>,
  adapter: Backend,
  stop: AbortSignal,
  out: Output,
  stream: boolean,
  grace_s = LATE_FILES_S,
  poll_s?: number,
): Promise<WatchedRun> {
  const view = openProgress();
  const machine = await lookAtMachine();
  const seen: Seen = new Map();
  const said = new Map<string, Set<number>>();
  const pilots = run.manifest.farm.pilots === null ? null : new PilotWatch();
  try {
    for (let round = 0;; round++) {
      const look = await endingPrograms(stop, () => lookAtRun(run, adapter, machine, grace_s, seen));
      if (stream) out.document(look.summary, true);
      for (const words of tellChanges(said, look.shards)) view.say(words);
      view.show(look.progress);
      const silent = pilots?.silent(look.states, listWorkers(run.dir), performance.now()) ?? [];
      if (silent.length > 0) {
        recordSilent(run, silent);
        view.say(SILENT);
        return { ...look, ended: true, is_silent: true };
      }
      if (look.ended || stop.aborted) {
        for (const words of look.summary.advice) view.say(words);
        return { ...look, is_silent: false };
      }
      await pauseFor(poll_s === undefined ? nextWait_ms(round, adapter.slots_on === "machine") : poll_s * 1000, stop);
    }
  } finally {
    view.close();
  }
}
