import { join } from "node:path";
import { nothingToSubmit, remedyOf } from "../../core/advice.ts";
import { uncutPlan, withRaisesUsed } from "../../core/check_manifest.ts";
import type { StatusShard } from "../../core/describe_status.ts";
import { FarmError } from "../../core/errors.ts";
import type { Remedy } from "../../core/failure.ts";
import { plural } from "../../core/format.ts";
import { SUBMIT_LOCK } from "../../core/run_paths.ts";
import type { FarmManifest, Plan } from "../../core/schema/manifest.ts";
import type { Submission } from "../../core/schema/submit_meta.ts";
import { isEnded, isWaiting, LATE_FILES_S } from "../../core/shard_states.ts";
import { quoteWord } from "../../core/shell_quote.ts";
import { pausedWords } from "../../core/steering.ts";
import type { Backend, Chunk, SchedulerLimits } from "../../schedulers/adapter.ts";
import { whileLocked } from "../fs/exclusive.ts";
import { changeFarmManifest } from "../run/change_manifest.ts";
import { type Run, runNow } from "../run/load_manifest.ts";
import { readSteering } from "../run/steering.ts";
import { Overtaken, ownSubmissions, tokensNow } from "../run/submissions.ts";
import { remediesFor } from "../scheduler/adapters.ts";
import { queryLimits, unreachable } from "../scheduler/drive.ts";
import { type QueriedScheduler, queryScheduler, renderContext } from "../scheduler/query.ts";
import { renewFiles } from "../scheduler/renew_files.ts";
import { NotTaken, resolveSubmissions, type SubmissionFacts, submitChunk } from "../scheduler/submit.ts";
import { listAttempts } from "../shard/attempts.ts";
import { cutRest, measuredTimes, trialTimes } from "../shard/cut_rest.ts";
import { ingestIncoming } from "../shard/ingest.ts";
import { type ScannedShard, scanRun } from "../state/scan.ts";
import type { Machine } from "../system/machine.ts";

/** The result of a submission of the open shards of a run. */
export interface StartedRun {
  /** The run with its manifest as it was at the submission. */
  run: Run<FarmManifest>;
  submissions: Submission[];
  /** Why there is nothing to submit; undefined where something was submitted. */
  nothing: string;
}

/** Which shards are resubmitted: none, those that ended without a valid result, or the cancelled ones too. */
export interface Again {
  ended: boolean;
  /** Shards whose jobs were cancelled just before; their scheduler may still report them as held or queued. */
  cancelled?: readonly number[];
  /** Shards that may be submitted; absent: all. */
  isOne?: (shard: number) => boolean;
  /** Whether to submit as many jobs as the queue takes, and leave the others for later. */
  as_many_as_go?: boolean;
  /** Whether a pause of the run ends now: otherwise nothing of a paused run is submitted. */
  resuming?: boolean;
}

/**
 * Submits the open shards of a run: those never started, and with `again` those that ended without a valid result. Shards
 * that run, wait, or have an unknown state are left alone. Of several commands at the same time, each sees the
 * submissions of those before it.
 * @throws {FarmError} unreachable, when the scheduler does not answer or refuses the jobs
 */
export const startRun = (
  run: Run<FarmManifest>,
  adapter: Backend,
  machine: Machine,
  again: Again,
  file_grace_s = LATE_FILES_S,
): Promise<StartedRun> => whileSubmitting(run, (now) => submitOpen(now, adapter, machine, again, file_grace_s));

/** Calls `work` with the present manifest while no other command submits or cancels jobs of the run. */
export const whileSubmitting = <T>(
  run: Run<FarmManifest>,
  work: (now: Run<FarmManifest>) => Promise<T>,
): Promise<T> => whileLocked(join(run.dir, SUBMIT_LOCK), () => work(runNow(run)));

/**
 * Submits as startRun does; the caller holds the submit lock. Where there is no lock and another command submitted
 * meanwhile, all is decided again.
 * @throws {FarmError} unreachable
 */
export async function submitOpen(
  run: Run<FarmManifest>,
  adapter: Backend,
  machine: Machine,
  again: Again,
  file_grace_s = LATE_FILES_S,
): Promise<StartedRun> {
  const before: Submission[] = [];
  for (;;) {
    try {
      const started = await submitDecided(run, adapter, machine, again, file_grace_s);
      return before.length === 0
        ? started
        : { ...started, submissions: [...before, ...started.submissions], nothing: "" };
    } catch (error) {
      if (!(error instanceof Overtaken)) throw error;
      before.push(...error.submitted);
    }
  }
}

async function submitDecided(
  run: Run<FarmManifest>,
  adapter: Backend,
  machine: Machine,
  again: Again,
  file_grace_s: number,
): Promise<StartedRun> {
  const paused = again.resuming ? null : pausedWords(readSteering(run) ?? {}, run.dir);
  if (paused !== null) return { run, submissions: [], nothing: `Nothing to submit: the run is ${paused}` };
  const go_on = `nsfarm-deno ${again.ended ? "retry" : "submit"} ${quoteWord(run.dir)}`;
  const adopted = await resolveSubmissions(run, adapter, go_on);
  const seen = tokensNow(run.dir);
  const answer = await queryScheduler(run, adapter, again.ended ? 0 : file_grace_s);
  if (!answer.reached) {
    const next = `Nothing was submitted; once it answers, run: ${go_on}`;
    throw unreachable(adapter, "query the run's jobs", answer.message ?? "no answer", next);
  }
  ingestIncoming(run);
  listAttempts(run.dir); // throws where it is refused: running shards would look like open ones
  const { now, shards } = await cutEnded(run, adapter, async (one) => await scanRun(one, machine, answer));
  const isWorker = adapter.kind === "worker";
  const open = shards.filter((shard) => isOpen(shard, answer, again, isWorker));
  const submissions = await submitShards(now, adapter, open, again, go_on, seen);
  if (again.ended && adopted + submissions.length > 0) recordOptionsUsed(now);
  return { run: now, submissions, nothing: open.length === 0 ? whyNothing(now, adapter, shards) : "" };
}

/**
 * Cuts the toys that are not in shards yet (--shard-minutes), once the probes have ended. For a worker loop in the
 * background they are cut now, since it runs the shards that it finds at its start: by the trial fit, where no probe has
 * finished.
 * @returns the run after that, and its shards
 */
async function cutEnded(
  run: Run<FarmManifest>,
  adapter: Backend,
  scan: (run: Run<FarmManifest>) => Promise<ScannedShard[]>,
): Promise<{ now: Run<FarmManifest>; shards: ScannedShard[] }> {
  const shards = await scan(run);
  const isWorker = adapter.kind === "worker";
  const rest = uncutPlan(run.manifest);
  const states = shards.map(({ state, plan }) => ({ shard: plan.shard_index, state }));
  if (!rest || (!isWorker && !haveEnded(states, rest))) return { now: run, shards };
  const now = cutRest(run, isWorker ? trialTimes(run.manifest) : []);
  return { now, shards: await scan(now) };
}

type ShardStates = readonly Pick<StatusShard, "shard" | "state">[];

/** Whether all shards of a run besides its uncut toys are done, or have ended without a result. */
const haveEnded = (shards: ShardStates, rest: Plan): boolean =>
  shards.every(({ shard, state }) => state === "done" || isEnded(state) || shard === rest.shard_index);

/** Returns whether a run's probes have ended, so that startRun() cuts its toys. @param shards their last states */
export function awaitsCut(run: Run<FarmManifest>, shards: ShardStates): boolean {
  const now = runNow(run);
  const rest = uncutPlan(now.manifest);
  return rest !== undefined && haveEnded(shards, rest) && measuredTimes(now).length > 0;
}

async function submitShards(
  run: Run<FarmManifest>,
  adapter: Backend,
  open: ScannedShard[],
  again: Again,
  go_on: string,
  seen: Set<string>,
): Promise<Submission[]> {
  if (open.length === 0) return [];
  const limits = await queryLimits(adapter);
  refuseElsewhere(run, adapter, limits, open);
  if (again.ended || run.manifest.farm.history.length > 0) renewFiles(run, adapter, limits);
  const shards = open.map(({ plan }) => plan.shard_index);
  if (again.as_many_as_go) return await submitFitting(run, adapter, shards, limits, go_on, seen);
  const { chunks } = adapter.render(renderContext(run, shards, limits));
  return await submitAll(run, adapter, chunks, go_on, { cluster: limits.cluster, seen });
}

/**
 * Submits as many jobs as the queue takes: after a refusal for their number half as many, down to one.
 * @throws {FarmError} unreachable, for any other refusal
 */
async function submitFitting(
  run: Run<FarmManifest>,
  adapter: Backend,
  shards: readonly number[],
  limits: SchedulerLimits,
  go_on: string,
  seen: Set<string>,
): Promise<Submission[]> {
  const submissions: Submission[] = [];
  let left = [...shards];
  let most = limits.max_submit_jobs ?? Infinity;
  while (left.length > 0) {
    const fitting = Number.isFinite(most) ? { ...limits, max_submit_jobs: most } : limits;
    const [chunk] = adapter.render(renderContext(run, left, fitting)).chunks;
    if (!chunk) break;
    try {
      submissions.push(await submitChunk(run, adapter, chunk, go_on, { cluster: limits.cluster, seen }));
      left = left.filter((shard) => !chunk.shards.includes(shard));
    } catch (error) {
      if (error instanceof Overtaken) error.submitted.push(...submissions);
      if (!(error instanceof NotTaken) || error.why !== "full") throw error;
      most = Math.floor(new Set(chunk.tasks ?? chunk.shards).size / 2);
      if (most < 1) break;
    }
  }
  return submissions;
}

/**
 * Refuses to submit shards that were submitted to another cluster, where their jobs may wait or run: a query from here
 * does not find them.
 * @throws {FarmError} unreachable
 */
function refuseElsewhere(
  run: Run<FarmManifest>,
  adapter: Backend,
  { cluster }: SchedulerLimits,
  open: readonly ScannedShard[],
): void {
  const given = ownSubmissions(run).filter(({ state }) => state === "submitted");
  const lost = open.filter(({ state }) => state === "lost").map(({ plan }) => plan.shard_index);
  const clusters = lost.flatMap((shard) => given.findLast(({ shards }) => shards.includes(shard))?.cluster ?? []);
  const other = cluster === undefined ? undefined : clusters.find((one) => one !== cluster);
  if (other === undefined) return;
  throw unreachable(
    adapter,
    "query the run's jobs",
    `this machine uses the cluster "${cluster}", the jobs were submitted to "${other}"`,
    `Run the command on a machine of "${other}"; to run the shards here, copy the run directory`,
  );
}

/**
 * Submits the chunks one after the other.
 * @throws {FarmError} unreachable, with the jobs that were queued before one was refused
 */
export async function submitAll(
  run: Run<FarmManifest>,
  adapter: Backend,
  chunks: Chunk[],
  go_on: string,
  facts: SubmissionFacts,
): Promise<Submission[]> {
  const submissions: Submission[] = [];
  for (const chunk of chunks) {
    try {
      submissions.push(await submitChunk(run, adapter, chunk, go_on, facts));
    } catch (error) {
      if (error instanceof Overtaken) error.submitted.push(...submissions);
      if (!(error instanceof FarmError) || error instanceof Overtaken || submissions.length === 0) throw error;
      const jobs = submissions.map(({ job_id, shards }) => `job ${job_id} of ${plural(shards.length, "shard")}`);
      const left = chunks.slice(submissions.length).reduce((sum, { shards }) => sum + shards.length, 0);
      const next = `Queued: ${jobs.join(", ")}; ${plural(left, "shard")} left; continue with: ${go_on}`;
      throw new FarmError(error.kind, error.message, next);
    }
  }
  return submissions;
}

/** Records that jobs use the raised limits of a retry, so that the next retry may raise them again. */
export function recordOptionsUsed(run: Run<FarmManifest>): void {
  changeFarmManifest(run, (now) => withRaisesUsed(now, new Date().toISOString()));
}

/**
 * Whether a shard was never submitted, or its scheduler has finished with it. A shard that a worker loop started out of
 * reach, on a host, another machine or in a container, is open too: the next loop finds the attempt, and waits for it
 * while its loop lives.
 */
function isOpen({ state, plan }: ScannedShard, answer: QueriedScheduler, again: Again, isWorker: boolean): boolean {
  if (plan.farm?.uncut) return false;
  if (again.isOne?.(plan.shard_index) === false) return false;
  const isGiven = answer.shards.has(plan.shard_index);
  if (!isGiven && (state === "queued" || (state === "unknown" && isWorker))) return true;
  if (isWaiting(state)) return again.cancelled?.includes(plan.shard_index) ?? false;
  return again.ended && isEnded(state);
}

function whyNothing(run: Run<FarmManifest>, adapter: Backend, shards: readonly ScannedShard[]): string {
  const remedies = remediesFor(run, adapter);
  const needed = new Map<Remedy, number>();
  for (const { state, why, last } of shards.filter((one) => one.state !== "done")) {
    const remedy = remedyOf({ state, why, cause: last?.end?.cause ?? null }, remedies);
    needed.set(remedy, (needed.get(remedy) ?? 0) + 1);
  }
  const done = shards.filter(({ state }) => state === "done").length;
  return nothingToSubmit(needed, done, remedies, quoteWord(run.dir));
}
