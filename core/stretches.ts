import type { AttemptTime, BootMoment } from "./attempt_time.ts";
import type { Stretch } from "./contracts/run_times.ts";
import { secondsOf } from "./format.ts";
import { slotsOn } from "./worker_backends.ts";

/** One call of a submit command: when, and for which shards. */
export interface Submitted {
  at_ms: number;
  /** The same moment by the submitting machine's count of seconds since its start, where that is known. */
  boot?: BootMoment | undefined;
  shards: readonly number[];
}

/** A worker loop never leaves a shard waiting while nothing runs: between two of them, at most this long passes (writing records, starting programs). */
const BREATH_MS = 5000;

/** Stamps of a submission and of the start that follows may be off by this much. */
export const SLACK_MS = 1000;

/**
 * Cuts a run's attempts where it was interrupted: nothing ran, and what ran afterwards was not waiting in a queue. A
 * pause in which shards waited for a busy cluster is part of the run.
 */
export function splitStretches(attempts: readonly AttemptTime[], submissions: readonly Submitted[]): AttemptTime[][] {
  const sorted = attempts.toSorted((a, b) => a.started_ms - b.started_ms);
  const submitted = submissionTimes(submissions);
  // From the end: since when, at the latest, something of the rest has been waiting.
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
  if (slotsOn(next.scheduler) !== undefined && next.started_ms - ended > BREATH_MS) return true;
  return waiting_since >= ended;
}

function submissionTimes(submissions: readonly Submitted[]): Map<number, number[]> {
  const times = new Map<number, number[]>();
  for (const { at_ms, shards } of submissions) {
    for (const shard of shards) times.set(shard, [...times.get(shard) ?? [], at_ms]);
  }
  return times;
}

/** When the attempt's shard was last submitted before it started; where that is not known, always. */
function queuedSince({ shard_index, started_ms }: AttemptTime, submitted: Map<number, number[]>): number {
  const before = (submitted.get(shard_index) ?? []).filter((at) => at <= started_ms + SLACK_MS);
  return before.reduce((a, b) => Math.max(a, b), -Infinity);
}

/** A stretch as it is written, of its committed attempts; null where there is none. */
export function stretchOf(attempts: readonly AttemptTime[]): Stretch | null {
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
