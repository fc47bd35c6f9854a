import type { StatusShard } from "../core/describe_status.ts";
import { FarmError } from "../core/errors.ts";
import type { FlagTable } from "../core/flags.ts";
import { duration, namedShards } from "../core/format.ts";
import type { Recovery } from "../core/recovery.ts";
import type { FarmManifest } from "../core/schema/manifest.ts";
import type { Submission } from "../core/schema/submit_meta.ts";
import { isEnded, NOT_SUBMITTED } from "../core/shard_states.ts";
import { endJobs } from "../runtime/control/cancel.ts";
import { recoverRun, type RecoveryRound } from "../runtime/control/recover.ts";
import { changeFarmManifest } from "../runtime/run/change_manifest.ts";
import type { Run } from "../runtime/run/load_manifest.ts";
import { submissionLines } from "../runtime/run/submissions.ts";
import { NotTaken } from "../runtime/scheduler/submit.ts";
import { submitFinish } from "../runtime/scheduler/submit_finish.ts";
import type { RunStatus } from "../runtime/state/status.ts";
import { inspectMachine } from "../runtime/system/machine.ts";
import { pauseFor, type StopSignals } from "../runtime/system/process.ts";
import type { Backend } from "../schedulers/adapter.ts";
import type { Output } from "./flags.ts";
import { untilResumed, watchRun } from "./watch_run.ts";

export const RECOVER_FLAG = {
  recover: {
    type: "integer",
    min: 1,
    max: 100,
    placeholder: "n",
    help: "rerun failed shards as their causes need, at most n times each",
  },
} as const satisfies FlagTable;

/** Records that the finishing job of a run recovers it. */
export const recordRecover = (run: Run<FarmManifest>, recover: number): void => {
  changeFarmManifest(run, (now) => ({ ...now, farm: { ...now.farm, recover } }));
};

/** Pauses before a scheduler that refused or did not answer is asked again: from the first, doubled up to the longest. */
const FIRST_PAUSE_S = 10;
const LONGEST_PAUSE_S = 600;

/** Number of pauses in a row, about a day, after which the run needs a person. */
const MOST_PAUSES = 150;

/** The same after an answer of the scheduler that is no known refusal: 10 minutes. */
const MOST_UNKNOWN = 6;

/** Number of times that silent pilots are replaced. */
const MOST_SILENT = 3;

/** Rounds take at most this share of the time. */
const ROUND_SHARE = 0.05;

/** Time after a round in which ended shards are collected for the next one while others still run. */
const ROUND_S = 60;

interface RoundEnd {
  /** Shards that are not rerun. */
  given_up: ReadonlySet<number>;
  /** Whether the scheduler has not taken some shards. */
  is_left: boolean;
  /** Whether nothing was left to do. */
  is_over: boolean;
  /** Whether no job could be submitted now. */
  is_stuck: boolean;
  submissions: Submission[];
  /** The run as the round left it; absent: the round failed. */
  run?: Run<FarmManifest>;
}

/**
 * Submits and watches a run to its end, and recovers it meanwhile: shards without a result are rerun as the table of
 * recovery says, and a scheduler that refuses more jobs or does not answer is asked again.
 * @param most number of recoveries of a shard
 * @param by_hand whether cancelled shards are rerun first
 * @returns the last states of the shards
 * @throws {FarmError} unreachable, for a refusal that no wait cures
 */
export async function driveRecovering(
  run: Run<FarmManifest>,
  adapter: Backend,
  signals: StopSignals,
  out: Output,
  { most, by_hand }: { most: number; by_hand: boolean },
  poll_s?: number,
): Promise<StatusShard[]> {
  const stop = signals.signal;
  const notes = new RoundNotes(out);
  let now = run;
  let n_silent = 0;
  for (let pauses = 0, is_first = by_hand;; is_first = false) {
    await untilResumed(now, stop, out);
    const begin = performance.now();
    const round = await roundOf(now, adapter, { most, by_hand: is_first }, pauses, notes);
    now = round.run ?? now;
    pauses = round.is_stuck ? pauses + 1 : 0;
    const pause_ms = round.is_stuck ? 1000 * pauseSeconds(pauses) : 0;
    const isDue = dueAfter(round, begin, performance.now() - begin, pause_ms);
    const { progress, shards, ended, is_silent } = await watchRun(now, adapter, stop, out, { poll_s, isDue });
    if (is_silent) n_silent++;
    const is_over = progress.done === progress.total || n_silent > MOST_SILENT ||
      (ended && !is_silent && round.is_over);
    if (is_over || stop.aborted) {
      for (const line of await endJobs(now, adapter, progress, stop)) out.warn(line);
      return shards;
    }
    if (ended) await pauseFor(Math.max(0, begin + pause_ms - performance.now()), stop);
  }
}

/**
 * Recovers a run in its finishing job, whose own wait is over: submits what is rerun, and another finishing job after it.
 * @returns whether it did; else nothing is left to do
 * @throws {FarmError} unreachable, for a refusal that no wait cures
 */
export async function recoverInJob(
  run: Run<FarmManifest>,
  adapter: Backend,
  signals: StopSignals,
  out: Output,
  most: number,
): Promise<boolean> {
  const notes = new RoundNotes(out);
  for (let pauses = 0; !signals.signal.aborted; pauses++) {
    const round = await roundOf(run, adapter, { most, by_hand: false }, pauses, notes);
    if (round.is_over) return false;
    if (!round.is_stuck && round.run) {
      const job = await submitFinish(round.run, adapter, round.submissions);
      out.print(`${adapter.name} job ${job}: recovers, collects and merges when they have ended`);
      out.document({ run_dir: run.dir, submissions: round.submissions, finish_job: job });
      return true;
    }
    await pauseFor(1000 * pauseSeconds(pauses + 1), signals.signal);
  }
  return true;
}

const pauseSeconds = (pauses: number) => Math.min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2 ** Math.min(10, pauses - 1));

/** Runs one round. A scheduler that does not answer, or takes no job now, is no error until it has happened too often. */
async function roundOf(
  run: Run<FarmManifest>,
  adapter: Backend,
  request: { most: number; by_hand: boolean },
  pauses: number,
  notes: RoundNotes,
): Promise<RoundEnd> {
  try {
    const round = await recoverRun(run, adapter, await inspectMachine(), request, (line) => notes.once(line));
    notes.add(adapter.name, round);
    const { recovery, submissions, left, goes_on } = round;
    const given_up = new Set(recovery.give_up.flatMap(({ shards }) => shards));
    const is_left = left.length > 0;
    const is_stuck = is_left && submissions.length === 0;
    if (is_stuck && pauses >= MOST_PAUSES) throw tooLong(adapter);
    const is_over = submissions.length === 0 && !is_left && !goes_on;
    return { run: round.run, submissions, given_up, is_left, is_over, is_stuck };
  } catch (error) {
    if (!(error instanceof FarmError) || error.kind !== "unreachable" || pauses >= mostPauses(error)) throw error;
    notes.once(`${error.message}; asking again in ${duration(pauseSeconds(pauses + 1))}`);
    return { submissions: [], given_up: new Set(), is_left: true, is_over: false, is_stuck: true };
  }
}

/** Returns how many pauses in a row may help after an error. */
function mostPauses(error: FarmError): number {
  const why = error instanceof NotTaken ? error.why : null;
  return why === "refused" ? 0 : why === "unknown" ? MOST_UNKNOWN : MOST_PAUSES;
}

const tooLong = ({ name }: Backend) =>
  new FarmError(
    "unreachable",
    `Cannot submit the remaining shards: ${name} has refused more jobs for a day`,
    "See which of your jobs fill the queue; the same command goes on",
  );

/**
 * Returns a function that tells watchRun whether a round is due although the run goes on: a job has ended and made room
 * in the queue, a pause is over, or shards have ended some time ago.
 */
function dueAfter(
  { given_up, is_left }: Pick<RoundEnd, "given_up" | "is_left">,
  begin: number,
  took_ms: number,
  pause_ms: number,
): (status: RunStatus) => boolean {
  let most_active = 0;
  return ({ shards }) => {
    const after_ms = performance.now() - begin;
    const active = shards.filter(isActive).length;
    most_active = Math.max(most_active, active);
    if (after_ms < took_ms / ROUND_SHARE) return false;
    if (is_left && (active < most_active || (pause_ms > 0 && after_ms >= pause_ms))) return true;
    return after_ms >= 1000 * ROUND_S && shards.some((one) => isRecoverable(one) && !given_up.has(one.shard));
  };
}

const isActive = ({ state, why }: StatusShard) => state === "running" || (state === "queued" && why !== NOT_SUBMITTED);

const isRecoverable = ({ state, fault }: StatusShard) =>
  isEnded(state) || state === "held" || (state === "queued" && fault === "node");

/** Returns a line for each reason why shards are not rerun. */
export const givenUpLines = ({ give_up }: Recovery): string[] =>
  give_up.map(({ shards, why }) => `not rerun: ${namedShards(shards)}: ${why}`);

/** Prints what rounds do; a line that says the same again is printed once. */
class RoundNotes {
  readonly #printed = new Set<string>();

  constructor(readonly out: Output) {}

  once(line: string): void {
    const key = line.replaceAll(/again in .*/g, "");
    if (!this.#printed.has(key)) this.out.note(line);
    this.#printed.add(key);
  }

  add(name: string, { submissions, left, recovery }: RecoveryRound): void {
    for (const line of submissionLines(submissions)) this.out.note(line);
    if (left.length > 0) {
      this.once(`${name} takes no more jobs now: the other shards are submitted when jobs have ended`);
    }
    for (const line of givenUpLines(recovery)) this.once(line);
  }
}
