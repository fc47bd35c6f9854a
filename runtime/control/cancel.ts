import type { ShardState } from "../../core/schema/enums.ts";
import type { FarmManifest } from "../../core/schema/manifest.ts";
import { quoteWord } from "../../core/shell_quote.ts";
import type { Backend, Handle, NativeState } from "../../schedulers/adapter.ts";
import type { Run } from "../run/load_manifest.ts";
import { ownSubmissions, withoutSilent } from "../run/submissions.ts";
import { runCommands, unreachable } from "../scheduler/drive.ts";
import { stopLoops } from "../scheduler/background.ts";
import { handlesOf, type QueriedScheduler, queryScheduler, renderContext } from "../scheduler/query.ts";
import { resolveSubmissions } from "../scheduler/submit.ts";
import { scanRun } from "../state/scan.ts";
import type { RunStatus } from "../state/status.ts";
import { inspectMachine, type Machine } from "../system/machine.ts";
import { pauseFor } from "../system/process.ts";
import { whileSubmitting } from "./start.ts";

/**
 * Cancels all jobs of a run that its scheduler knows under our tokens, whichever submission they are of; an id alone is
 * never believed. A submission that is under way is waited for, and one without an answer is looked for first.
 * @throws {FarmError} unreachable
 */
export async function cancelRun(cancelled: Run<FarmManifest>, adapter: Backend): Promise<Handle[]> {
  const doing = "cancel the run's jobs";
  return await whileSubmitting(cancelled, async (run) => {
    await resolveSubmissions(run, adapter, `nsfarm-deno cancel ${quoteWord(run.dir)}`);
    const { states } = await askOrThrow(run, adapter, doing);
    const known = new Set(states.filter(({ state }) => ACTIVE.has(state)).map(({ token }) => token));
    const all = handlesOf(ownSubmissions(run));
    const handles = all.filter((handle) => known.has(handle.token));
    // Of one that has ended a site's wrapper may have queued a second job, which is not asked about.
    await cancelJobs(run, adapter, adapter.limits.cancels_by_token ? all : handles, null, doing);
    return handles;
  });
}

/** States of jobs that are there, or may be. */
const ACTIVE: ReadonlySet<string> = new Set(["queued", "running", "held", "unknown"]);

/** @throws {FarmError} unreachable */
export async function askOrThrow(
  run: Run<FarmManifest>,
  adapter: Backend,
  doing: string,
): Promise<QueriedScheduler> {
  const asked = await queryScheduler(run, adapter, 0);
  if (!asked.reached) throw unreachable(adapter, doing, asked.message ?? "no answer");
  return asked;
}

/**
 * @param shards whose tasks are cancelled; null: all of the handles
 * @throws {FarmError} unreachable
 */
async function cancelJobs(
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

/** How long a job that was suspended may take to end: it is asked to, then killed (slurm.conf(5), KillWait: 30 s). */
const WAITING_LEAVE_S = 45;

const DOING = "cancel the jobs that do not run";

/**
 * Cancels the jobs that do not run, and no others: what is released later must not run a shard a second time. Waits
 * until those of them that had begun have ended. To be called while nobody else submits (whileSubmitting).
 * @param states held, and queued where these are to wait no longer for what they wait for
 * @returns the shards that they were to run
 * @throws {FarmError} unreachable
 */
export async function cancelWaiting(
  run: Run<FarmManifest>,
  adapter: Backend,
  machine: Machine,
  states: ReadonlySet<ShardState>,
): Promise<number[]> {
  const asked = await askOrThrow(run, adapter, DOING);
  const idle = await idleTasks(run, machine, asked, states);
  if (idle.tasks.length === 0) return [];
  for (const handle of handlesOf(ownSubmissions(run))) await cancelIdle(run, adapter, handle, idle.tasks, asked.states);
  await whileEnding(run, adapter, idle.tasks);
  return idle.shards;
}

/** What does not run, as its scheduler tells it, and the shards that wait for it. Any pilot may take any shard. */
async function idleTasks(
  run: Run<FarmManifest>,
  machine: Machine,
  asked: QueriedScheduler,
  states: ReadonlySet<ShardState>,
): Promise<{ tasks: NativeState[]; shards: number[] }> {
  const idle = asked.states.filter(({ state }) => states.has(state));
  const given = (await scanRun(run, machine, asked)).filter(({ plan }) => asked.shards.has(plan.shard_index));
  if (run.manifest.farm.pilots !== null) {
    const open = given.filter(({ state }) => state === "queued" || state === "held");
    return { tasks: idle, shards: idle.length === 0 ? [] : open.map(({ plan }) => plan.shard_index) };
  }
  const shards = given.filter(({ state }) => states.has(state)).map(({ plan }) => plan.shard_index);
  return { tasks: idle.filter(({ shard }) => shard === null || shards.includes(shard)), shards };
}

/** Whole submissions where nothing else of them goes on: tasks that a scheduler has not made yet go with them. */
async function cancelIdle(
  run: Run<FarmManifest>,
  adapter: Backend,
  handle: Handle,
  idle: readonly NativeState[],
  all: readonly NativeState[],
): Promise<void> {
  const mine = idle.filter(({ token }) => token === handle.token);
  if (mine.length === 0) return;
  const goes_on = all.some((one) => one.token === handle.token && ACTIVE.has(one.state) && !mine.includes(one));
  const shards = mine.flatMap(({ shard }) => shard ?? []);
  await cancelJobs(run, adapter, [handle], goes_on ? shards : null, DOING);
}

/** A job that was suspended runs for a moment when it is told to end; its shard is open when it has. */
async function whileEnding(run: Run<FarmManifest>, adapter: Backend, idle: readonly NativeState[]) {
  const isOne = (one: NativeState) => idle.some(({ token, shard }) => token === one.token && shard === one.shard);
  for (const until = performance.now() + WAITING_LEAVE_S * 1000; performance.now() < until;) {
    const { states } = await askOrThrow(run, adapter, DOING);
    if (!states.some((one) => one.state === "running" && isOne(one))) return;
    await pauseFor(1000);
  }
}

/** How long jobs that have nothing left to do may take to leave by themselves. */
const JOBS_LEAVE_S = 20;

/**
 * Sees to it that no job is left when all shards are done: a pilot that waits for a slot, a job that a person or a site
 * has requeued, one that hangs at its end. Those that run may leave by themselves first.
 * @throws {FarmError} unreachable, when it cannot be told whether any is left
 */
export async function endJobs(
  run: Run<FarmManifest>,
  adapter: Backend,
  { progress }: { progress: Pick<RunStatus["progress"], "done" | "total"> },
  stop: AbortSignal,
): Promise<void> {
  if (adapter.kind === "worker" || progress.done !== progress.total) return;
  const has_pilots = run.manifest.farm.pilots !== null;
  if (has_pilots) {
    const machine = await inspectMachine();
    await whileSubmitting(run, (now) => cancelWaiting(now, adapter, machine, new Set(["queued", "held"])));
  }
  for (const until = performance.now() + JOBS_LEAVE_S * 1000; performance.now() < until && !stop.aborted;) {
    const { reached, states } = await queryScheduler(run, adapter, 0);
    const left = withoutSilent(run, states).filter(({ state }) => ACTIVE.has(state));
    // Of pilots a site's wrapper may have queued more than it told of.
    if (reached && left.length === 0 && !has_pilots) return;
    if (reached && left.every(({ state }) => state === "queued" || state === "held")) break;
    await pauseFor(1000, stop);
  }
  await cancelRun(run, adapter);
}
