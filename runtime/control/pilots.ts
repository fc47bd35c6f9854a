import { FarmError } from "../../core/errors.ts";
import { plural } from "../../core/format.ts";
import type { Worker } from "../../core/schema/attempt.ts";
import type { FarmManifest } from "../../core/schema/manifest.ts";
import { isWaiting } from "../../core/shard_states.ts";
import { quoteWord } from "../../core/shell_quote.ts";
import { pausedWords } from "../../core/steering.ts";
import type { Backend, Handle, NativeState, RenderContext, SchedulerAdapter } from "../../schedulers/adapter.ts";
import type { Run } from "../run/load_manifest.ts";
import { changeSteering, readSteering } from "../run/steering.ts";
import { ownSubmissions, tokensNow, withoutSilent } from "../run/submissions.ts";
import { serverNow_ms } from "../run/temporary.ts";
import { inspectWorkers, lastBeat_ms } from "../run/workers.ts";
import { queryLimits } from "../scheduler/drive.ts";
import { handlesOf, renderContext } from "../scheduler/query.ts";
import { resolveSubmissions } from "../scheduler/submit.ts";
import { scanRun } from "../state/scan.ts";
import type { Machine } from "../system/machine.ts";
import { BEAT_INTERVAL_S, MISSED } from "../worker/heartbeats.ts";
import { cancelJobs, queryOrThrow } from "./cancel.ts";
import { submitAll, whileSubmitting } from "./start.ts";
import { steer } from "./steer.ts";

type FarmRun = Run<FarmManifest>;

interface PilotChange {
  /** Pilots that were submitted, with their jobs. */
  added: number;
  job_ids: string[];
  /** Waiting pilots that were cancelled. */
  cancelled: number;
  /** Running pilots that end after their present fit. */
  leaving: number;
}

const NONE: PilotChange = { added: 0, job_ids: [], cancelled: 0, leaving: 0 };

/**
 * Adds pilots to a run, or takes some away: those that wait first, then those that run, after their present fit.
 * @param change number of pilots; negative: fewer
 * @throws {FarmError} usage, where the run has no pilots or is paused; unreachable
 */
export async function changePilots(
  changed: FarmRun,
  adapter: Backend,
  machine: Machine,
  change: number,
): Promise<PilotChange> {
  if (adapter.kind === "worker" || changed.manifest.farm.pilots === null) {
    throw new FarmError(
      "usage",
      `Cannot change the pilots of "${changed.dir}": it was rendered without --pilots`,
      "nsfarm-deno throttle limits how many fits run at a time; nsfarm-deno work adds a worker",
    );
  }
  return await whileSubmitting(changed, async (run) => {
    await resolveSubmissions(run, adapter, `nsfarm-deno pilots ${quoteWord(run.dir)}`);
    const seen = tokensNow(run.dir);
    const answer = await queryOrThrow(run, adapter, "query the run's pilots");
    if (change < 0) return await takePilots(run, adapter, machine, answer.states, -change);
    const open = (await scanRun(run, machine, answer)).filter(({ state }) => state !== "done");
    return await addPilots(run, adapter, open.map(({ plan }) => plan.shard_index), change, seen);
  });
}

async function addPilots(
  run: FarmRun,
  adapter: SchedulerAdapter,
  open: number[],
  count: number,
  seen: Set<string>,
): Promise<PilotChange> {
  const paused = pausedWords(readSteering(run) ?? {}, run.dir);
  if (paused !== null) throw new FarmError("usage", `Cannot add pilots to "${run.dir}": it is ${paused}`);
  if (open.length === 0) return NONE;
  const limits = await queryLimits(adapter);
  const { chunks } = adapter.render(pilotContext(renderContext(run, [], limits), open, count));
  const facts = { cluster: limits.cluster, joins: true, seen };
  const submissions = await submitAll(run, adapter, chunks, `nsfarm-deno retry ${quoteWord(run.dir)}`, facts);
  const added = chunks.reduce((sum, { shards, tasks }) => sum + new Set(tasks ?? shards).size, 0);
  changeSteering(run, (now) => ({ ...now, added_pilots: (now.added_pilots ?? 0) + added }));
  return { ...NONE, added, job_ids: submissions.flatMap(({ job_id }) => job_id ?? []) };
}

/**
 * Returns the context of further pilots. A pilot is a job of a group of shards in name only, since it takes any shard;
 * groups are as small as the script of the run allows, which has one shard per job or several.
 */
function pilotContext(context: RenderContext, open: readonly number[], count: number): RenderContext {
  const { manifest, options } = context;
  const per_job = options["shards-per-job"] === 1 ? 1 : 2;
  const others = manifest.plans.map((plan) => plan.shard_index).filter((shard) => !open.includes(shard));
  const shards = [...open, ...others].slice(0, per_job * count).sort((a, b) => a - b);
  return { ...context, options: { ...options, "shards-per-job": per_job }, shards };
}

async function takePilots(
  run: FarmRun,
  adapter: SchedulerAdapter,
  machine: Machine,
  states: readonly NativeState[],
  count: number,
): Promise<PilotChange> {
  const cancelled = await cancelWaitingPilots(run, adapter, states, count);
  const { alive, elsewhere: away } = await inspectWorkers(run, machine.process.boot_id);
  const now_ms = serverNow_ms(run.dir);
  const elsewhere = away.filter((one) => isHeard(run, one, now_ms));
  const running = [...alive, ...elsewhere].filter(({ pilot }) => pilot).map(({ token }) => token);
  let leaving = 0;
  changeSteering(run, (now) => {
    const before = (now.leaving ?? []).filter((token) => running.includes(token));
    const more = running.filter((token) => !before.includes(token)).slice(0, count - cancelled);
    leaving = more.length;
    return { ...now, leaving: [...before, ...more] };
  });
  return { ...NONE, cancelled, leaving };
}

/** Time for which a machine may show an old time of a file that another one writes, in seconds (nfs(5), acregmax). */
const SHOWN_LATE_S = 60;

/** Whether a pilot on another machine has sent a heartbeat lately: that of a node that died ends nothing any more. */
function isHeard({ dir }: FarmRun, { token, beat_interval_s = BEAT_INTERVAL_S }: Worker, now_ms: number): boolean {
  const silent_s = (now_ms - lastBeat_ms(dir, token)) / 1000;
  return !(silent_s > MISSED * beat_interval_s + SHOWN_LATE_S);
}

/** A pilot that waits: a task of a submission, by its first shard in name. */
interface WaitingPilot {
  handle: Handle;
  shards: number[];
}

/** Holds pilots before it cancels them, so that none starts in between; one that has started meanwhile runs on. */
async function cancelWaitingPilots(
  run: FarmRun,
  adapter: SchedulerAdapter,
  states: readonly NativeState[],
  count: number,
): Promise<number> {
  const chosen = waitingPilots(run, states).slice(0, count);
  if (chosen.length === 0) return 0;
  for (const { handle, shards } of chosen) {
    await steer(run, adapter, "pilots", adapter.hold?.(renderContext(run, []), [handle], shards));
  }
  const now = await queryOrThrow(run, adapter, "query the run's pilots");
  const still = waitingPilots(run, now.states);
  const isSame = (one: WaitingPilot, other: WaitingPilot) =>
    one.handle.token === other.handle.token && one.shards[0] === other.shards[0];
  const held = chosen.filter((one) => still.some((other) => isSame(one, other)));
  for (const { handle, shards } of held) {
    await cancelJobs(run, adapter, [handle], shards, `cancel ${plural(held.length, "waiting pilot")}`);
  }
  return held.length;
}

/** Returns the pilots that wait in the queue or are held, the last submitted first. */
function waitingPilots(run: FarmRun, states: readonly NativeState[]): WaitingPilot[] {
  const waits = withoutSilent(run, states).filter(({ state }) => isWaiting(state));
  return handlesOf(ownSubmissions(run)).toReversed().flatMap((handle) => {
    const { shards, tasks = shards } = handle.chunk;
    const waiting = new Set(waits.flatMap(({ token, shard }) => token === handle.token ? shard ?? [] : []));
    return [...new Set(tasks)].toReversed().flatMap((task) => {
      const mine = shards.filter((_, i) => tasks[i] === task);
      return mine.some((shard) => waiting.has(shard)) ? [{ handle, shards: mine }] : [];
    });
  });
}
