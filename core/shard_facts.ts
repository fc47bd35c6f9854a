import * as z from "./schema/zod.ts";
import { type AttemptTime, isStamped } from "./attempt_time.ts";
import { countWarnings } from "./fit_quality.ts";
import type { ShardFacts, Span } from "./run_facts.ts";
import type { ShardRecord } from "./schema/shard_record.ts";

/** Facts of a shard about which nothing is known. */
export const UNKNOWN_SHARD: ShardFacts = {
  shard_index: 0,
  toy_start: 0,
  n_toys: 0,
  state: "unknown",
  why: null,
  cause: null,
  host: null,
  cpu_model: null,
  cpus: null,
  kernel: null,
  span: null,
  wall_s: null,
  fit_s: null,
  cpu_s: null,
  max_rss_bytes: null,
  load_start: null,
  n_converged: null,
  n_error: null,
  warnings: [],
};

/**
 * Returns the facts of a committed shard.
 * @param time of the same record
 * @param timing member of nextstat's own metrics, if present
 */
export function recordFacts(record: ShardRecord, time: AttemptTime, timing: unknown): ShardFacts {
  const { host, cpu_s, wall_s } = time;
  return {
    ...UNKNOWN_SHARD,
    shard_index: record.shard_index,
    toy_start: record.toy_start,
    n_toys: record.n_toys,
    state: "done",
    cause: record.cause,
    host,
    cpu_model: record.cpu_model,
    cpus: record.cpus_logical,
    kernel: record.kernel,
    span: spanOf(time, record.slot),
    wall_s,
    fit_s: fitSeconds(timing),
    cpu_s,
    max_rss_bytes: record.max_rss_bytes,
    load_start: record.load_average_start?.[0] ?? null,
    warnings: countWarnings(record.stderr_tail),
  };
}

/** Returns host, slot and times of an attempt; null if its stamps are unknown. */
export function spanOf(time: AttemptTime, slot: string | null): Span | null {
  const { host, started_ms, finished_ms, slack_ms } = time;
  const span = { host, slot, started_ms, finished_ms };
  return isStamped(time) ? slack_ms === undefined ? span : { ...span, slack_ms } : null;
}

const Seconds = z.number().check(z.minimum(0));
const Timing = z.looseObject({
  breakdown: z.looseObject({ toys: z.looseObject({ fit_s: Seconds, sample_s: Seconds }) }),
});

/** Returns the seconds to generate and fit toys, from nextstat's timing.breakdown.toys (seen with 0.10.1); null: absent. */
export function fitSeconds(timing: unknown): number | null {
  const parsed = Timing.safeParse(timing);
  return parsed.success ? parsed.data.breakdown.toys.fit_s + parsed.data.breakdown.toys.sample_s : null;
}
