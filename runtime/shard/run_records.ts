import { type AttemptTime, attemptTime } from "../../core/attempt_time.ts";
import { isLost } from "../../core/record.ts";
import type { Submitted, TimeFacts } from "../../core/run_times.ts";
import type { Attempt } from "../../core/schema/attempt.ts";
import { copyMark, type Run } from "../run/load_manifest.ts";
import { readSubmissions } from "../run/submissions.ts";
import { listAttempts, readAttempts } from "./attempts.ts";

/** The records in a run directory besides its committed shards. */
export interface RunRecords {
  /** Attempts by shard, in their order; those of committed shards failed, or lost to another attempt. */
  attempts: Map<number, Attempt[]>;
  submissions: Submitted[];
}

/** Reads the attempts and submissions of a run. @throws {FarmError} input, when submit_meta.json cannot be read */
export function readRecords(run: Run): RunRecords {
  const { dir } = run;
  const attempts = new Map<number, Attempt[]>();
  const mark = copyMark(run);
  for (const [shard, numbers] of listAttempts(dir)) {
    attempts.set(shard, readAttempts(dir, shard, numbers).map((one) => ({ ...mark, ...one })));
  }
  const submissions = readSubmissions(dir)
    .filter((one) => one.state !== "refused")
    .map((one) => ({
      at_ms: Date.parse(one.intended_at_utc),
      boot: one.intended_boot,
      shards: one.shards,
      offset_s: one.clock_offset_s,
    }));
  return { attempts, submissions };
}

/**
 * Returns the facts for the times of a run: its committed shards and the other attempts on record.
 * @param elapsed_s of the shards without a record; where one is null, times of the others alone would be too short, so
 * all are unknown
 */
export function timeFacts(
  committed: readonly AttemptTime[],
  elapsed_s: readonly (number | null)[],
  records: RunRecords,
): TimeFacts {
  const is_known = !elapsed_s.includes(null);
  const others = [...records.attempts.values()].flat();
  const ended = others.flatMap(({ end }) => end && !isLost(end) ? { ...attemptTime(end), is_committed: false } : []);
  return {
    attempts: [...(is_known ? committed : []), ...ended],
    lost_attempts: others.length - ended.length,
    submissions: records.submissions,
    elapsed_s: is_known ? elapsed_s.filter((one) => one !== null) : [],
  };
}
