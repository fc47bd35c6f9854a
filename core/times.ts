import { type AttemptTime, isCommitted, isStamped } from "./attempt_time.ts";
import type { RunTimes } from "./contracts/run_times.ts";
import { type OneClock, onOneClock, tellsTimes } from "./one_clock.ts";
import { secondsOf } from "./format.ts";
import { SLACK_MS, splitStretches, stretchOf, type Submitted } from "./stretches.ts";

/** What is known of when a run's shards ran. */
export interface TimeFacts {
  /** Attempts that have an end: those that gave a result and those that failed. */
  attempts: readonly AttemptTime[];
  /** Attempts that left no end. */
  lost_attempts: number;
  submissions: readonly Submitted[];
  /** elapsed_s side files of the old wrappers: they tell how long, not when. */
  elapsed_s: readonly number[];
}

/** The times of a run, from its records alone; null where clocks that contradict each other do not tell. */
export function runTimes(facts: TimeFacts): RunTimes {
  const clock = onOneClock(facts.attempts);
  const failed = facts.attempts.filter((attempt) => !attempt.is_committed);
  return {
    max_shard_elapsed_s: longest(facts),
    ...(tellsTimes(clock) ? timesOn(clock, facts.submissions) : UNKNOWN_TIMES),
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
  const stretches = splitStretches(clock.attempts.filter(isStamped), submissions);
  const whole = stretches.length === 1 ? stretchOf(committed) : null;
  return {
    makespan_s: whole?.makespan_s ?? null,
    makespan_spread_s: whole && clock.spread_s !== null ? secondsOf(clock.spread_s * 1000) : null,
    turnaround_s: turnaround(committed, submissions),
    ...waves(committed),
    toys_per_s: whole?.toys_per_s ?? null,
    stretches: stretches.length > 1 ? stretches.flatMap((one) => stretchOf(one.filter(isCommitted)) ?? []) : [],
  };
}

/** Submissions by the clock of the attempts, as far as their machine ran some. */
export function placeSubmissions(submissions: readonly Submitted[], { momentMs }: OneClock): Submitted[] {
  return submissions.map((one) => ({ ...one, at_ms: (one.boot && momentMs(one.boot)) ?? one.at_ms }));
}

/** Null where of a committed attempt it is not known how long it took. */
function longest({ attempts, elapsed_s }: TimeFacts): number | null {
  const walls = attempts.filter(isCommitted).map((attempt) => attempt.wall_s ?? NaN);
  const most = [...walls, ...elapsed_s].reduce((a, b) => Math.max(a, b), -Infinity);
  return Number.isFinite(most) ? most : null;
}

/** Null also where a shard began before the first submission: then the two are stamps of different clocks. */
function turnaround(committed: readonly AttemptTime[], submissions: readonly Submitted[]): number | null {
  const submitted = submissions.reduce((least, { at_ms }) => Math.min(least, at_ms), Infinity);
  const first = committed.reduce((least, { started_ms }) => Math.min(least, started_ms), Infinity);
  const last = committed.reduce((most, { finished_ms }) => Math.max(most, finished_ms), -Infinity);
  return Number.isFinite(last - submitted) && first > submitted - SLACK_MS ? secondsOf(last - submitted) : null;
}

/** How often the most places that ran at one time had to be filled for all shards. */
function waves(committed: readonly AttemptTime[]): Pick<RunTimes, "waves" | "most_at_once"> {
  if (committed.length === 0) return { waves: null, most_at_once: null };
  const most_at_once = mostAtOnce(committed);
  return { waves: Math.ceil(committed.length / most_at_once), most_at_once };
}

/** When a slot had something. */
type SlotTime = Pick<AttemptTime, "started_ms" | "finished_ms" | "slack_ms">;

/** Since when the slot may be filled again. */
export const freeMs = ({ finished_ms, slack_ms = 0 }: SlotTime): number => finished_ms - slack_ms;

/** How many attempts ran at the same time at most: the slots that a run had. */
export function mostAtOnce(committed: readonly SlotTime[]): number {
  const starts = Float64Array.from(committed, (attempt) => attempt.started_ms).sort();
  const ends = Float64Array.from(committed, freeMs).sort();
  let ended = 0;
  let most = 0;
  for (const [begun, start] of starts.entries()) {
    // A place that is free at this instant is filled again, not added to.
    while (ended < begun && (ends[ended] ?? Infinity) <= start) ended++;
    most = Math.max(most, begun + 1 - ended);
  }
  return most;
}

function cpu(attempts: readonly AttemptTime[]): number {
  return secondsOf(attempts.reduce((sum, attempt) => sum + (attempt.cpu_s ?? 0), 0) * 1000);
}
