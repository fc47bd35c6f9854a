import { type AttemptTime, onOneClock } from "./attempt_time.ts";
import type { RunTimes } from "./contracts/run_times.ts";
import { seconds, splitStretches, stretchOf, type Submitted } from "./stretches.ts";

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

/** The times of a run, from its records alone. */
export function runTimes(facts: TimeFacts): RunTimes {
  const { attempts, spread_s } = onOneClock(facts.attempts.filter(isStamped));
  const committed = attempts.filter((attempt) => attempt.is_committed);
  const stretches = splitStretches(attempts, facts.submissions);
  const whole = stretches.length === 1 ? stretchOf(committed) : null;
  const failed = facts.attempts.filter((attempt) => !attempt.is_committed);
  return {
    max_shard_elapsed_s: longest(facts),
    makespan_s: whole?.makespan_s ?? null,
    makespan_spread_s: whole && spread_s !== null ? seconds(spread_s * 1000) : null,
    turnaround_s: turnaround(committed, facts.submissions),
    waves: waves(committed),
    toys_per_s: whole?.toys_per_s ?? null,
    stretches: stretches.length > 1 ? stretches.flatMap((all) => stretchOf(all.filter(isCommitted)) ?? []) : [],
    cpu_s: cpu(facts.attempts.filter(isCommitted)),
    wasted_cpu_s: cpu(failed),
    failed_attempts: failed.length,
    lost_attempts: facts.lost_attempts,
  };
}

const isStamped = ({ started_ms, finished_ms }: AttemptTime) =>
  Number.isFinite(started_ms) && Number.isFinite(finished_ms);
const isCommitted = (attempt: AttemptTime) => attempt.is_committed;

function longest({ attempts, elapsed_s }: TimeFacts): number | null {
  const walls = attempts.filter(isCommitted).flatMap((attempt) => attempt.wall_s ?? []);
  const most = [...walls, ...elapsed_s].reduce((a, b) => Math.max(a, b), -Infinity);
  return most === -Infinity ? null : most;
}

function turnaround(committed: readonly AttemptTime[], submissions: readonly Submitted[]): number | null {
  const first = submissions.reduce((least, { at_ms }) => Math.min(least, at_ms), Infinity);
  const last = committed.reduce((most, { finished_ms }) => Math.max(most, finished_ms), -Infinity);
  return Number.isFinite(last - first) ? seconds(last - first) : null;
}

/** How often the most places that ran at one time had to be filled for all shards. */
function waves(committed: readonly AttemptTime[]): number | null {
  return committed.length === 0 ? null : Math.ceil(committed.length / mostAtOnce(committed));
}

/** How many attempts ran at the same time at most: the slots that a run had. */
export function mostAtOnce(committed: readonly Pick<AttemptTime, "started_ms" | "finished_ms">[]): number {
  const starts = Float64Array.from(committed, (attempt) => attempt.started_ms).sort();
  const ends = Float64Array.from(committed, (attempt) => attempt.finished_ms).sort();
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
  return seconds(attempts.reduce((sum, attempt) => sum + (attempt.cpu_s ?? 0), 0) * 1000);
}
