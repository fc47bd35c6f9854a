import { pauseFor } from "../machine/pause_for.ts";
import type { FarmManifest } from "../../core/contracts/manifest.ts";
import type { ShardState } from "../../core/contracts/kinds.ts";
import type { Backend, Handle, NativeState } from "../../schedulers/adapter.ts";
import type { Machine } from "../machine/machine.ts";
import type { Run } from "../run/load_manifest.ts";
import { scanRun } from "../state/scan_run.ts";
import { type AskedScheduler, handlesOf } from "./ask_scheduler.ts";
import { ACTIVE, askOrThrow, cancelJobs } from "./cancel_run.ts";
import { ownSubmissions } from "./submissions.ts";

/** How long a job that was suspended may take to end: it is asked to, then killed (slurm.conf(5), KillWait: 30 s). */
const LEAVE_S = 45;

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
  asked: AskedScheduler,
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
  for (const until = performance.now() + LEAVE_S * 1000; performance.now() < until;) {
    const { states } = await askOrThrow(run, adapter, DOING);
    if (!states.some((one) => one.state === "running" && isOne(one))) return;
    await pauseFor(1000);
  }
}
