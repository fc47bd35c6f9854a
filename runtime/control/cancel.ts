import { FarmError } from "../../core/errors.ts";
import type { ShardState } from "../../core/schema/enums.ts";
import type { FarmManifest } from "../../core/schema/manifest.ts";
import { isWaiting, mayHaveJob, WAITING } from "../../core/shard_states.ts";
import { quoteWord } from "../../core/shell_quote.ts";
import { PAUSED } from "../../core/steering.ts";
import type { Backend, Handle, NativeState } from "../../schedulers/adapter.ts";
import type { Run } from "../run/load_manifest.ts";
import { ownSubmissions, withoutSilent } from "../run/submissions.ts";
import { runCommands, unreachable } from "../scheduler/drive.ts";
import { stopLoops } from "../scheduler/background.ts";
import { handlesOf, type QueriedScheduler, queryScheduler, renderContext } from "../scheduler/query.ts";
import { taskKey } from "../scheduler/job_states.ts";
import { resolveSubmissions } from "../scheduler/submit.ts";
import { scanRun } from "../state/scan.ts";
import type { RunStatus } from "../state/status.ts";
import { inspectMachine, type Machine } from "../system/machine.ts";
import { pauseFor } from "../system/process.ts";
import { whileSubmitting } from "./start.ts";

/**
 * Cancels all jobs of a run that its scheduler reports under the run's tokens, of every submission; a job id alone is
 * not enough. Waits for a submission that is under way, and first searches for one whose answer was lost.
 * @returns the jobs that were cancelled, those that the scheduler still has, and one that a user submitted by hand
 * @throws {FarmError} unreachable
 */
export async function cancelRun(
  run: Run<FarmManifest>,
  adapter: Backend,
  stop?: AbortSignal,
): Promise<{ cancelled: Handle[]; left: LeftJob[]; by_hand: string | null }> {
  return await whileSubmitting(run, async (now) => {
    await resolveSubmissions(now, adapter, `nsfarm-deno cancel ${quoteWord(now.dir)}`);
    const all = handlesOf(ownSubmissions(now));
    const { states, by_hand } = await queryOrThrow(now, adapter, CANCEL);
    const known = new Set(states.filter(({ state }) => mayHaveJob(state)).map(({ token }) => token));
    const handles = all.filter(({ token }) => known.has(token));
    // The wrapper of a site may have queued a second job for an ended submission, and queries do not cover that job.
    await cancelJobs(now, adapter, adapter.limits.cancels_by_token ? all : handles, null, CANCEL);
    const left = adapter.kind === "worker" || handles.length === 0 ? [] : await leftJobs(now, adapter, handles, stop);
    return { cancelled: handles.filter(({ token }) => !left.some((one) => one.token === token)), left, by_hand };
  });
}

/**
 * Waits until cancelled jobs are gone, and returns those that stay. Schedulers cancel by name: a job that a site has
 * renamed is not found, and that is no error (scancel(1)).
 * @throws {FarmError} unreachable
 */
async function leftJobs(
  run: Run<FarmManifest>,
  adapter: Backend,
  handles: readonly Handle[],
  stop?: AbortSignal,
): Promise<LeftJob[]> {
  const most_s = (there: readonly NativeState[] | null) => {
    const left = leftOf(there ?? [], handles);
    return left.some(({ state }) => state === "running") ? ENDING_S : left.length > 0 ? QUEUE_LEAVE_S : 0;
  };
  return leftOf(await untilGone(run, adapter, "check that the run's jobs are gone", most_s, stop), handles);
}

/** A job that its scheduler still has after it was cancelled. */
interface LeftJob {
  job_id: string;
  token: string;
  state: ShardState;
}

/** Returns one line for a job that its scheduler still has after it was cancelled. */
export const leftWords = (scheduler: string, { job_id, state }: LeftJob): string =>
  `${scheduler} job ${job_id} is still ${state} after its cancellation (the site may have renamed it): cancel it by its id`;

const CANCEL = "cancel the run's jobs";

/** Time in which a job that does not run leaves the queue after it was cancelled. */
const QUEUE_LEAVE_S = 5;

/** Returns the cancelled jobs among those that the scheduler has. */
const leftOf = (there: readonly NativeState[], handles: readonly Handle[]): LeftJob[] =>
  handles.flatMap(({ job_id, token }) => {
    const mine = there.filter((one) => one.token === token).map(({ state }) => state);
    const [state] = mine.includes("running") ? ["running" as const] : mine;
    return state === undefined ? [] : [{ job_id, token, state }];
  });

/**
 * Queries the scheduler once a second until the time for its jobs to end is over.
 * @param most_s returns that time for the jobs that it has, in seconds from the beginning; null: it does not answer
 * @returns the jobs that it has at the end
 * @throws {FarmError} unreachable, when it does not answer at the end
 */
async function untilGone(
  run: Run<FarmManifest>,
  adapter: Backend,
  doing: string,
  most_s: (there: readonly NativeState[] | null) => number,
  stop?: AbortSignal,
): Promise<NativeState[]> {
  for (const begin = performance.now();;) {
    const { reached, states, message } = await queryScheduler(run, adapter, 0);
    const there = withoutSilent(run, states).filter(({ state }) => mayHaveJob(state));
    const isOver = stop?.aborted || performance.now() - begin >= most_s(reached ? there : null) * 1000;
    if (isOver && !reached) throw unreachable(adapter, doing, message ?? "no answer");
    if (isOver) return there;
    await pauseFor(1000, stop);
  }
}

/** Returns the answer of the scheduler of a run. @throws {FarmError} unreachable, when it does not answer */
export async function queryOrThrow(
  run: Run<FarmManifest>,
  adapter: Backend,
  doing: string,
): Promise<QueriedScheduler> {
  const answer = await queryScheduler(run, adapter, 0);
  if (!answer.reached) throw unreachable(adapter, doing, answer.message ?? "no answer");
  return answer;
}

/**
 * Cancels the jobs of these submissions.
 * @param shards whose tasks are cancelled; null: all tasks
 * @throws {FarmError} unreachable
 */
export async function cancelJobs(
  run: Run<FarmManifest>,
  adapter: Backend,
  handles: Handle[],
  shards: number[] | null,
  doing: string,
): Promise<void> {
  if (handles.length === 0) return;
  const answer = adapter.kind === "worker"
    ? await stopLoops(run, handles)
    : adapter.readCancel(await runCommands(adapter, adapter.cancel(renderContext(run, []), handles, shards), run.dir));
  if (answer.kind !== "ok") throw unreachable(adapter, doing, answer.message);
}

/** Time in which a suspended job ends after it is cancelled: it is signalled, then killed (slurm.conf(5), KillWait). */
const ENDING_S = 45;

const CANCEL_WAITING = "cancel the jobs that do not run";

/**
 * Cancels the jobs that do not run, and no others: a job that is released later must not run a shard a second time.
 * Waits until those that had started have ended. The caller must hold the submit lock (whileSubmitting).
 * @param states held, and queued where jobs in the queue are to be cancelled too
 * @param isOne shards whose jobs may be cancelled
 * @returns the shards of the cancelled jobs
 * @throws {FarmError} unreachable
 */
export async function cancelWaiting(
  run: Run<FarmManifest>,
  adapter: Backend,
  machine: Machine,
  states: ReadonlySet<ShardState>,
  isOne: (shard: number) => boolean = () => true,
): Promise<number[]> {
  const answer = await queryOrThrow(run, adapter, CANCEL_WAITING);
  const idle = await idleTasks(run, machine, answer, states, isOne);
  if (idle.tasks.length === 0) return [];
  for (const handle of handlesOf(ownSubmissions(run))) {
    await cancelIdle(run, adapter, handle, idle.tasks, answer.states);
  }
  // A suspended job runs for a moment when it is cancelled, and its shard is open only after that.
  const cancelled = new Set(idle.tasks.map(taskKey));
  const isEnding = (one: NativeState) => one.state === "running" && cancelled.has(taskKey(one));
  await untilGone(run, adapter, CANCEL_WAITING, (there) => there?.some(isEnding) ? ENDING_S : 0);
  return idle.shards;
}

/** Returns the tasks that do not run, and the shards that wait for them. Any pilot may run any shard. */
async function idleTasks(
  run: Run<FarmManifest>,
  machine: Machine,
  answer: QueriedScheduler,
  states: ReadonlySet<ShardState>,
  isOne: (shard: number) => boolean,
): Promise<{ tasks: NativeState[]; shards: number[] }> {
  // What a pause holds is not stuck: resume releases it.
  const idle = answer.states.filter(({ state, reason }) => states.has(state) && reason !== PAUSED);
  const given = (await scanRun(run, machine, answer)).filter(({ plan }) => answer.shards.has(plan.shard_index));
  if (run.manifest.farm.pilots !== null) {
    const open = given.filter(({ state }) => isWaiting(state));
    return { tasks: idle, shards: idle.length === 0 ? [] : open.map(({ plan }) => plan.shard_index) };
  }
  const shards = given.flatMap(({ state, plan: { shard_index: i } }) => states.has(state) && isOne(i) ? i : []);
  return { tasks: idle.filter(({ shard }) => shard === null || shards.includes(shard)), shards };
}

/** Cancels whole submissions where nothing else of them runs: also array tasks which do not exist yet. */
async function cancelIdle(
  run: Run<FarmManifest>,
  adapter: Backend,
  handle: Handle,
  idle: readonly NativeState[],
  all: readonly NativeState[],
): Promise<void> {
  const mine = idle.filter(({ token }) => token === handle.token);
  if (mine.length === 0) return;
  const goes_on = all.some((one) => one.token === handle.token && mayHaveJob(one.state) && !mine.includes(one));
  const shards = mine.flatMap(({ shard }) => shard ?? []);
  await cancelJobs(run, adapter, [handle], goes_on ? shards : null, CANCEL_WAITING);
}

/** Time in which jobs that have nothing left to do end by themselves. */
const JOBS_LEAVE_S = 20;

/**
 * Cancels the jobs that are left when all shards are done: a pilot that waits for a slot, a job that a user or a site
 * has requeued, one that hangs at its end. Running jobs first get time to end by themselves.
 * @returns a line for each job that may be left all the same: the result is whole with or without it
 */
export async function endJobs(
  run: Run<FarmManifest>,
  adapter: Backend,
  { done, total }: Pick<RunStatus["progress"], "done" | "total">,
  stop: AbortSignal,
): Promise<string[]> {
  if (adapter.kind === "worker" || done !== total) return [];
  try {
    return (await cancelLeft(run, adapter, stop)).map((job) => leftWords(adapter.name, job));
  } catch (error) {
    if (!(error instanceof FarmError) || error.kind !== "unreachable") throw error;
    return [`${error.message}; if jobs of this run are left: nsfarm-deno cancel ${quoteWord(run.dir)}`];
  }
}

/** @throws {FarmError} unreachable */
async function cancelLeft(run: Run<FarmManifest>, adapter: Backend, stop: AbortSignal): Promise<LeftJob[]> {
  const has_pilots = run.manifest.farm.pilots !== null;
  if (has_pilots) {
    const machine = await inspectMachine();
    await whileSubmitting(run, (now) => cancelWaiting(now, adapter, machine, WAITING));
  }
  const there = await untilGone(
    run,
    adapter,
    CANCEL,
    (there) => there?.every(({ state }) => isWaiting(state)) ? 0 : JOBS_LEAVE_S,
    stop,
  );
  // The wrapper of a site may have queued more pilots than it reported.
  if (there.length === 0 && !has_pilots && !stop.aborted) return [];
  return (await cancelRun(run, adapter, stop)).left;
}
