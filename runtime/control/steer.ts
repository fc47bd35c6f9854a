import { FarmError } from "../../core/errors.ts";
import type { FarmManifest } from "../../core/schema/manifest.ts";
import type { Steering } from "../../core/schema/steering.ts";
import { mayHaveJob } from "../../core/shard_states.ts";
import { quoteWord } from "../../core/shell_quote.ts";
import { isOurHold, PAUSED } from "../../core/steering.ts";
import type { Backend, Command, Handle, NativeState, SchedulerAdapter } from "../../schedulers/adapter.ts";
import type { Run } from "../run/load_manifest.ts";
import { changeSteering, madeNow, readSteering } from "../run/steering.ts";
import { ownSubmissions } from "../run/submissions.ts";
import { queryLimits, runCommands, unreachable } from "../scheduler/drive.ts";
import { handlesOf, renderContext } from "../scheduler/query.ts";
import { resolveSubmissions } from "../scheduler/submit.ts";
import type { Machine } from "../system/machine.ts";
import { queryOrThrow } from "./cancel.ts";
import { submitOpen, whileSubmitting } from "./start.ts";

type FarmRun = Run<FarmManifest>;
type Held = NonNullable<Steering["held"]>;

/** What a pause found: shards whose jobs are held now, and those that go on to their end. */
interface PauseReport {
  steering: Steering;
  held: number[];
  running: number[];
  /** Job that a user has submitted by hand, which is not held; null: none is known. */
  by_hand: string | null;
}

/**
 * Pauses a run: holds its waiting jobs, and asks its workers to start no fit. Fits that run go on.
 * @throws {FarmError} usage, where the scheduler's adapter cannot hold jobs; unreachable
 */
export async function pauseRun(paused: FarmRun, adapter: Backend): Promise<PauseReport> {
  const isPilots = paused.manifest.farm.pilots !== null;
  if (adapter.kind !== "worker" && !adapter.hold && !isPilots) throw cannot("pause", adapter, "hold");
  const ask = (run: FarmRun, held: Held) =>
    changeSteering(run, (now) => ({ ...now, paused: now.paused ?? madeNow(), held: joined(now.held ?? [], held) }));
  if (adapter.kind === "worker") return { steering: ask(paused, []), held: [], running: [], by_hand: null };
  return await whileSubmitting(paused, async (run) => {
    const { states, active, by_hand } = await activeJobs(run, adapter, "pause");
    const held = adapter.hold ? active.flatMap((handle) => holdOf(handle, states)) : [];
    // Before the jobs are held: if this process dies, resume releases those that were.
    const steering = ask(run, held);
    for (const { token, shards, whole } of held) {
      const mine = active.filter((handle) => handle.token === token);
      await steer(run, adapter, "pause", adapter.hold?.(renderContext(run, []), mine, whole ? null : shards));
    }
    const running = states.flatMap(({ state, shard }) => state === "running" ? shard ?? [] : []);
    return { steering, held: held.flatMap(({ shards }) => shards), running, by_hand };
  });
}

/** Returns the jobs of a submission to hold: none that runs, and none that somebody else holds. */
function holdOf({ token, chunk }: Handle, states: readonly NativeState[]): Held {
  const mine = states.filter((one) => one.token === token);
  const shards = mine.some(({ state, shard }) => state === "queued" && shard === null)
    ? chunk.shards
    : mine.flatMap(({ state, shard }) => state === "queued" ? shard ?? [] : []);
  return shards.length === 0 ? [] : [{ token, shards, whole: !mine.some(isOthers) }];
}

/** Whether somebody else holds a job. */
const isOthers = ({ state, reason }: NativeState): boolean => state === "held" && reason !== PAUSED;

/** Adds holds to those of an earlier pause. */
function joined(before: Held, added: Held): Held {
  const tokens = [...new Set([...before, ...added].map(({ token }) => token))];
  return tokens.map((token) => {
    const mine = [...before, ...added].filter((one) => one.token === token);
    const shards = [...new Set(mine.flatMap((one) => one.shards))].sort((a, b) => a - b);
    return { token, shards, whole: mine.every(({ whole }) => whole) };
  });
}

interface ResumeReport {
  was_paused: boolean;
  released: number[];
  /** Jobs that were submitted in place of pilots that had ended. */
  job_ids: string[];
}

/**
 * Ends a pause: releases the jobs that it held, and no others, and submits new pilots where all have ended.
 * @throws {FarmError} unreachable; the run then stays paused
 */
export async function resumeRun(resumed: FarmRun, adapter: Backend, machine: Machine): Promise<ResumeReport> {
  const end = (run: FarmRun) => changeSteering(run, ({ paused: _, held: __, ...now }) => now);
  const before = readSteering(resumed);
  if (!before?.paused && !before?.held) return { was_paused: false, released: [], job_ids: [] };
  if (adapter.kind === "worker") {
    end(resumed);
    return { was_paused: true, released: [], job_ids: [] };
  }
  return await whileSubmitting(resumed, async (run) => {
    const { states, active } = await activeJobs(run, adapter, "resume");
    const ours = states.filter((one) => isOurHold(before, one));
    for (const handle of active) {
      const hold = before.held?.find(({ token }) => token === handle.token);
      const shards = ours.flatMap(({ token, shard }) => token === handle.token ? shard ?? handle.chunk.shards : []);
      if (!hold || (shards.length === 0 && !hold.whole)) continue;
      const which = hold.whole ? null : shards;
      await steer(run, adapter, "resume", adapter.release?.(renderContext(run, []), [handle], which));
    }
    const isOver = run.manifest.farm.pilots !== null && ownSubmissions(run).length > 0 && active.length === 0;
    const started = isOver ? await submitOpen(run, adapter, machine, { ended: false, resuming: true }) : null;
    end(run);
    const job_ids = (started?.submissions ?? []).flatMap(({ job_id }) => job_id ?? []);
    return { was_paused: true, released: ours.flatMap(({ shard }) => shard ?? []), job_ids };
  });
}

/**
 * Limits how many fits of a run are made at a time, from now on; those that run beyond it go on.
 * @param most null: no limit
 * @throws {FarmError} usage, where the scheduler's adapter cannot limit jobs; unreachable
 */
export async function throttleRun(throttled: FarmRun, adapter: Backend, most: number | null): Promise<void> {
  const isPilots = throttled.manifest.farm.pilots !== null;
  if (adapter.kind !== "worker" && !adapter.throttle && !isPilots) throw cannot("throttle", adapter, "throttle");
  const ask = (run: FarmRun, limits: { concurrency_limit?: number } = {}) =>
    changeSteering(run, (now) => ({ ...now, throttle: { ...madeNow(), most, ...limits } }));
  if (adapter.kind === "worker") return void ask(throttled);
  await whileSubmitting(throttled, async (run) => {
    const { active } = await activeJobs(run, adapter, "throttle");
    const { concurrency_limit } = most === null ? {} : await queryLimits(adapter);
    ask(run, concurrency_limit === undefined ? {} : { concurrency_limit });
    if (active.length === 0 || !adapter.throttle) return;
    await steer(run, adapter, "throttle", adapter.throttle?.(renderContext(run, []), active, most));
  });
}

/** Returns the jobs of a run that wait, run or are held, queried under their tokens. @throws {FarmError} unreachable */
async function activeJobs(run: FarmRun, adapter: Backend, what: string) {
  await resolveSubmissions(run, adapter, `nsfarm-deno ${what} ${quoteWord(run.dir)}`);
  const { states, by_hand } = await queryOrThrow(run, adapter, `${what} the run`);
  const tokens = new Set(states.filter(({ state }) => mayHaveJob(state)).map(({ token }) => token));
  return { states, active: handlesOf(ownSubmissions(run)).filter(({ token }) => tokens.has(token)), by_hand };
}

/**
 * Runs the commands of an adapter's hold, release or throttle.
 * @param commands undefined: its adapter has no such function
 * @throws {FarmError} usage, where it has none; unreachable
 */
export async function steer(
  run: FarmRun,
  adapter: SchedulerAdapter,
  what: string,
  commands: Command[] | undefined,
): Promise<void> {
  if (commands === undefined || !adapter.readSteer) throw cannot(what, adapter, "hold");
  const answer = adapter.readSteer(await runCommands(adapter, commands, run.dir));
  if (answer.kind === "ok") return;
  const next = `Some jobs may have changed; run nsfarm-deno ${what} again when it answers`;
  throw unreachable(adapter, `${what} all jobs of the run`, answer.message, next);
}

const cannot = (what: string, { name }: Backend, call: string): FarmError =>
  new FarmError(
    "usage",
    `Cannot ${what} a run on ${name}: its adapter has no function "${call}"`,
    "Cancel the run and retry it later; finished shards are kept",
  );
