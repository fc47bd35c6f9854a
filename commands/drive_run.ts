import { type CollectCounts, describeCollected, describeMerge } from "../core/collected.ts";
import type { StatusShard } from "../core/describe_status.ts";
import { EXIT_CODES } from "../core/errors.ts";
import type { FarmManifest } from "../core/schema/manifest.ts";
import { isWaiting, NOT_SUBMITTED } from "../core/shard_states.ts";
import { quoteWord } from "../core/shell_quote.ts";
import type { SlotsOn } from "../core/worker_backends.ts";
import { endJobs } from "../runtime/control/cancel.ts";
import { planRecovery } from "../runtime/control/recover.ts";
import { awaitsCut, startRun, whileSubmitting } from "../runtime/control/start.ts";
import { workInForeground } from "../runtime/control/work.ts";
import { mergeAsRendered } from "../runtime/merge/merge.ts";
import type { Run } from "../runtime/run/load_manifest.ts";
import { submissionLines } from "../runtime/run/submissions.ts";
import { collectRun } from "../runtime/state/collect.ts";
import { inspectMachine } from "../runtime/system/machine.ts";
import type { StopSignals } from "../runtime/system/process.ts";
import type { Backend, WorkerBackend } from "../schedulers/adapter.ts";
import { reportCollected } from "./collect.ts";
import type { Output } from "./flags.ts";
import { startOnEnd } from "./on_end_flag.ts";
import { openWorkView } from "./progress.ts";
import { driveRecovering, givenUpLines } from "./recover_run.ts";
import { untilResumed, watchRun } from "./watch_run.ts";

/**
 * Runs a run to its end: works on it in this process, or submits and watches it. Failed shards are rerun.
 * @param recover number of recoveries of a shard; undefined: none
 * @returns the last states of the shards; none where this process has printed them itself
 */
export async function driveRun(
  run: Run<FarmManifest>,
  adapter: Backend,
  signals: StopSignals,
  out: Output,
  poll_s?: number,
  recover?: number,
): Promise<StatusShard[]> {
  if (adapter.kind === "worker") return await workRecovering(run, adapter, signals, out, recover);
  if (recover !== undefined) {
    return await driveRecovering(run, adapter, signals, out, { most: recover, by_hand: true }, poll_s);
  }
  for (let times = 0;;) {
    await untilResumed(run, signals.signal, out);
    const started = await startRun(run, adapter, await inspectMachine(), { ended: true });
    for (const line of submissionLines(started.submissions)) out.note(line);
    const status = await watchRun(started.run, adapter, signals.signal, out, { poll_s });
    if (status.is_silent && times++ < MAX_NEW_PILOTS) continue;
    if (!signals.signal.aborted && awaitsCut(started.run, status.shards)) continue;
    for (const line of await endJobs(started.run, adapter, status.progress, signals.signal)) out.warn(line);
    return status.shards;
  }
}

/** Number of times that silent pilots are replaced; after that the cluster or the run needs a person. */
const MAX_NEW_PILOTS = 3;

/** Works on a run in this process; with `recover`, shards without a result are rerun by the table of recovery. */
async function workRecovering(
  run: Run<FarmManifest>,
  adapter: WorkerBackend,
  signals: StopSignals,
  out: Output,
  recover: number | undefined,
): Promise<StatusShard[]> {
  await workHere(run, adapter.slots_on, signals);
  for (let now = run; recover !== undefined && !signals.signal.aborted;) {
    const machine = await inspectMachine();
    const request = { most: recover, by_hand: false };
    const planned = await whileSubmitting(now, (fresh) => planRecovery(fresh, adapter, machine, request, out.note));
    const { actions, submit, give_up } = planned.recovery;
    if (actions.length + submit.length === 0) {
      for (const line of givenUpLines(planned.recovery)) out.note(line);
      return [];
    }
    now = planned.run;
    await workHere(now, adapter.slots_on, signals, new Set(give_up.flatMap(({ shards }) => shards)));
  }
  return [];
}

async function workHere(
  run: Run<FarmManifest>,
  slots_on: SlotsOn,
  signals: StopSignals,
  except?: ReadonlySet<number>,
): Promise<void> {
  const view = openWorkView(run);
  try {
    await workInForeground(run, slots_on, signals.signal, view.notify, except);
  } finally {
    view.close();
  }
}

/** Returns the command that helps a run that is not whole; a retry reruns no shards that are in a queue. */
function nextWords(dir: string, { total, ok, failed }: CollectCounts, states: readonly StatusShard[]): string {
  const isInQueue = states.some(({ state, why }) => isWaiting(state) && why !== NOT_SUBMITTED);
  if (isInQueue) return `nsfarm-deno doctor ${quoteWord(dir)} names the next command`;
  const which = failed === total - ok ? "failed" : "unfinished";
  return `nsfarm-deno retry ${quoteWord(dir)} reruns the ${which} ${total - ok === 1 ? "shard" : "shards"}`;
}

/**
 * Collects and merges a run whose shards have ended, prints the result, starts the command of --on-end, and returns the
 * exit code.
 * @param states states of the shards by a query that included their scheduler
 */
export async function finishRun(
  run: Run<FarmManifest>,
  out: Output,
  allow_partial: boolean,
  states: readonly StatusShard[],
): Promise<number> {
  const code = await collectAndMerge(run, out, allow_partial, states);
  await startOnEnd(run, out);
  return code;
}

async function collectAndMerge(
  run: Run<FarmManifest>,
  out: Output,
  allow_partial: boolean,
  states: readonly StatusShard[],
): Promise<number> {
  const now_utc = new Date().toISOString();
  const collected = await collectRun(run.manifest_path, null, now_utc, states);
  reportCollected(collected, out);
  const report = await mergeAsRendered(run.manifest_path, allow_partial, now_utc);
  for (const note of report.notes) out.note(note);
  if (report.merged === null) {
    out.note(`${describeCollected(collected.counts)}; ${nextWords(run.dir, collected.counts, states)}`);
  } else out.print(describeMerge(report));
  out.document({ run_dir: run.dir, collected, merge: report });
  if (report.exit_code !== EXIT_CODES.done || allow_partial) return report.exit_code;
  return collected.not_ok.length > 0 ? EXIT_CODES.shards : EXIT_CODES.done;
}
