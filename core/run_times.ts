import {
  areTimesKnown,
  type AttemptTime,
  type BootMoment,
  isCommitted,
  isStamped,
  type OneClock,
  onOneClock,
} from "./attempt_time.ts";
import { secondsOf } from "./format.ts";
import type { RunTimes, Stretch } from "./schema/run_times.ts";
import { slotsOn } from "./worker_backends.ts";

/** One call of a submit command: its time and shards. */
export interface Submitted {
  at_ms: number;
  /** The same moment on the submitting machine's boot clock, if known. */
  boot?: BootMoment | undefined;
  /** The submitting machine's clock minus the file server's, in seconds, if known. */
  offset_s?: number | undefined;
  shards: readonly number[];
}

/** Longest gap in ms between two shards of a worker loop, which never waits while shards are open. */
const MAX_GAP_MS = 5000;

/** Largest error between the stamps of a submission and of the following start, in ms. */
export const SLACK_MS = 1000;

/**
 * Splits a run's attempts where it was interrupted: nothing ran, and the next shards were not in a queue. A pause in
 * which shards waited for a busy cluster belongs to the run.
 */
function splitSessions(attempts: readonly AttemptTime[], submissions: readonly Submitted[]): AttemptTime[][] {
  const sorted = attempts.toSorted((a, b) => a.started_ms - b.started_ms);
  const submitted = submissionTimes(submissions);
  // From the end: the latest time since when one of the remaining shards has been waiting.
  const waiting_since = new Float64Array(sorted.length + 1).fill(Infinity);
  for (let i = sorted.length - 1; i >= 0; i--) {
    const attempt = sorted[i];
    if (attempt) waiting_since[i] = Math.min(waiting_since[i + 1] ?? Infinity, queuedSince(attempt, submitted));
  }
  const stretches: AttemptTime[][] = [];
  let ended = -Infinity;
  for (const [i, attempt] of sorted.entries()) {
    const idle = attempt.started_ms > ended && isInterrupted(ended, attempt, waiting_since[i] ?? Infinity);
    if (idle) stretches.push([attempt]);
    else stretches.at(-1)?.push(attempt);
    ended = Math.max(ended, attempt.finished_ms);
  }
  return stretches;
}

function isInterrupted(ended: number, next: AttemptTime, waiting_since: number): boolean {
  if (slotsOn(next.scheduler) !== undefined && next.started_ms - ended > MAX_GAP_MS) return true;
  return waiting_since >= ended;
}

function submissionTimes(submissions: readonly Submitted[]): Map<number, number[]> {
  const times = new Map<number, number[]>();
  for (const { at_ms, shards } of submissions) {
    for (const shard of shards) times.set(shard, [...times.get(shard) ?? [], at_ms]);
  }
  return times;
}

/** Returns the last submission of the attempt's shard before its start; -Infinity where it is unknown. */
function queuedSince({ shard_index, started_ms }: AttemptTime, submitted: Map<number, number[]>): number {
  const before = (submitted.get(shard_index) ?? []).filter((at) => at <= started_ms + SLACK_MS);
  return before.reduce((a, b) => Math.max(a, b), -Infinity);
}

/** Returns the document of a session from its committed attempts; null if there are none. */
function sessionOf(attempts: readonly AttemptTime[]): Stretch | null {
  if (attempts.length === 0) return null;
  const start = attempts.reduce((least, attempt) => Math.min(least, attempt.started_ms), Infinity);
  const end = attempts.reduce((most, attempt) => Math.max(most, attempt.finished_ms), -Infinity);
  const n_toys = attempts.reduce((sum, attempt) => sum + attempt.n_toys, 0);
  const makespan_s = secondsOf(end - start);
  return {
    started_at_utc: isoText(start),
    finished_at_utc: isoText(end),
    makespan_s,
    n_shards: attempts.length,
    n_toys,
    toys_per_s: makespan_s > 0 ? n_toys / makespan_s : null,
  };
}

const isoText = (ms: number) => new Date(Math.round(ms)).toISOString();

/** Known times of a run's shards. */
export interface TimeFacts {
  /** Attempts with an end: with a result, and failed. */
  attempts: readonly AttemptTime[];
  /** Number of attempts without an end. */
  lost_attempts: number;
  submissions: readonly Submitted[];
  /** elapsed_s side files of the old wrappers: durations without start times. */
  elapsed_s: readonly number[];
}

/** Returns the times of a run from its records alone; null where the clocks contradict each other. */
export function runTimes(facts: TimeFacts): RunTimes {
  const clock = onOneClock(facts.attempts);
  const failed = facts.attempts.filter((attempt) => !attempt.is_committed);
  return {
    max_shard_elapsed_s: longest(facts),
    ...(areTimesKnown(clock) ? timesOn(clock, facts.submissions) : UNKNOWN_TIMES),
    cpu_s: cpu(facts.attempts.filter(isCommitted)),
    wasted_cpu_s: cpu(failed),
    failed_attempts: failed.length,
    lost_attempts: facts.lost_attempts,
  };
}

type PlacedTimes = Pick<
  RunTimes,
  "makespan_s" | "makespan_spread_s" | "turnaround_s" | "waves" | "most_at_once" | "toys_per_s" | "stretches"
>;

const UNKNOWN_TIMES: PlacedTimes = {
  makespan_s: null,
  makespan_spread_s: null,
  turnaround_s: null,
  waves: null,
  most_at_once: null,
  toys_per_s: null,
  stretches: [],
};

function timesOn(clock: OneClock, all_submissions: readonly Submitted[]): PlacedTimes {
  const submissions = placeSubmissions(all_submissions, clock);
  const committed = clock.attempts.filter(isCommitted);
  const split = splitSessions(clock.attempts.filter(isStamped), submissions);
  // A session without a result is none of those in which the shards were made.
  const sessions = split.flatMap((one) => sessionOf(one.filter(isCommitted)) ?? []);
  const whole = sessions.length === 1 ? sessionOf(committed) : null;
  return {
    makespan_s: whole?.makespan_s ?? null,
    makespan_spread_s: whole && clock.spread_s !== null ? secondsOf(clock.spread_s * 1000) : null,
    turnaround_s: turnaround(committed, submissions),
    ...waves(committed),
    toys_per_s: whole?.toys_per_s ?? null,
    stretches: sessions.length > 1 ? sessions : [],
  };
}

/**
 * Converts submissions to the clock of the attempts, where their machine ran attempts, or its offset from the file server's
 * clock is known.
 */
export function placeSubmissions(submissions: readonly Submitted[], { momentMs, serverMs }: OneClock): Submitted[] {
  const byServer = ({ at_ms, offset_s }: Submitted) =>
    offset_s === undefined ? null : serverMs(at_ms - offset_s * 1000);
  return submissions.map((one) => ({
    ...one,
    at_ms: (one.boot && momentMs(one.boot)) ?? byServer(one) ?? one.at_ms,
  }));
}

/** Returns null if the duration of a committed attempt is unknown. */
function longest({ attempts, elapsed_s }: TimeFacts): number | null {
  const walls = attempts.filter(isCommitted).map((attempt) => attempt.wall_s ?? NaN);
  const most = [...walls, ...elapsed_s].reduce((a, b) => Math.max(a, b), -Infinity);
  return Number.isFinite(most) ? most : null;
}

/** Returns null also if a shard began before the first submission: the two stamps then come from different clocks. */
function turnaround(committed: readonly AttemptTime[], submissions: readonly Submitted[]): number | null {
  const submitted = submissions.reduce((least, { at_ms }) => Math.min(least, at_ms), Infinity);
  const first = committed.reduce((least, { started_ms }) => Math.min(least, started_ms), Infinity);
  const last = committed.reduce((most, { finished_ms }) => Math.max(most, finished_ms), -Infinity);
  return Number.isFinite(last - submitted) && first > submitted - SLACK_MS ? secondsOf(last - submitted) : null;
}

/** Returns shards / largest number that ran at one time, rounded up. */
function waves(committed: readonly AttemptTime[]): Pick<RunTimes, "waves" | "most_at_once"> {
  if (committed.length === 0) return { waves: null, most_at_once: null };
  const most_at_once = mostAtOnce(committed);
  return { waves: Math.ceil(committed.length / most_at_once), most_at_once };
}

/** Times during which a slot was occupied. */
type SlotTime = Pick<AttemptTime, "started_ms" | "finished_ms" | "slack_ms">;

/** Returns the time from which the slot can be filled again, in ms. */
export const freeMs = ({ finished_ms, slack_ms = 0 }: SlotTime): number => finished_ms - slack_ms;

/** Returns the largest number of attempts that ran at the same time: the slots of a run. */
export function mostAtOnce(committed: readonly SlotTime[]): number {
  const starts = Float64Array.from(committed, (attempt) => attempt.started_ms).sort();
  const ends = Float64Array.from(committed, freeMs).sort();
  let ended = 0;
  let most = 0;
  for (const [begun, start] of starts.entries()) {
    // A slot that becomes free at this instant is reused, not counted again.
    while (ended < begun && (ends[ended] ?? Infinity) <= start) ended++;
    most = Math.max(most, begun + 1 - ended);
  }
  return most;
}

function cpu(attempts: readonly AttemptTime[]): number {
  return secondsOf(attempts.reduce((sum, attempt) => sum + (attempt.cpu_s ?? 0), 0) * 1000);
}
