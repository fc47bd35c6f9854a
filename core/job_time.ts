import type { ShardRecord } from "./contracts/shard_record.ts";
import { secondsOf } from "./format.ts";
import { type JobFacts, numberIn, textIn } from "./job_facts.ts";

/** What the sh wrapper's two readings of a clock differ by at least where it was set between them, in seconds. */
const STEP_S = 0.05;
/** The same where `date` knows whole seconds only. */
const COARSE_STEP_S = 1.5;

/**
 * When an attempt of the sh wrapper ran. Its end is its start and what it took: by /proc/uptime where that and `date`
 * disagree, for the clock that `date` reads may be set; null where neither tells.
 */
export function jobTime(
  facts: JobFacts,
): Pick<ShardRecord, "started_at_utc" | "finished_at_utc" | "wall_s" | "clock"> {
  const [started, finished] = [numberIn(facts, "started"), numberIn(facts, "finished")];
  const [from, to] = [numberIn(facts, "uptime_started"), numberIn(facts, "uptime_finished")];
  const by_date = started === null || finished === null ? null : finished - started;
  const by_uptime = from === null || to === null || to < from ? null : to - from;
  const is_coarse = Number.isInteger(started) && Number.isInteger(finished);
  const off = by_date === null || by_uptime === null ? null : by_date - by_uptime;
  const is_set = off !== null && Math.abs(off) > (is_coarse ? COARSE_STEP_S : STEP_S);
  const took = is_set || is_coarse ? by_uptime ?? by_date : by_date ?? by_uptime;
  const wall_s = took === null || took < 0 ? null : secondsOf(took * 1000);
  const clock = {
    boot_id: textIn(facts, "boot_id"),
    started_boot_s: from,
    step_s: is_set ? secondsOf(off * 1000) : off && 0,
  };
  return {
    started_at_utc: utc(started),
    finished_at_utc: utc(started === null ? null : started + (wall_s ?? 0)),
    wall_s,
    ...(from === null ? {} : { clock }),
  };
}

/** Seconds since 1970 as a stamp; 1970 itself where the node could not tell. */
const utc = (seconds: number | null) => new Date((seconds ?? 0) * 1000).toISOString();
