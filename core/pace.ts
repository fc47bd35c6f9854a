import type { RunTimes } from "./contracts/run_times.ts";

/** How fast a run goes; null: not known. */
export interface Pace {
  toys_per_s: number | null;
  /** Whether the rate is only of what ran since the last interruption: then it must be named so. */
  since_pause: boolean;
  /** Seconds until the rest is done, at this rate. */
  left_s: number | null;
}

/**
 * Decides the rate of a run that goes on or has ended, and what is left of it: toys by makespan, as a merge has it. Over
 * an interruption there is none; while toys are left, that of the last stretch tells how long they may take.
 */
export function paceOf(
  { toys_per_s, stretches }: Pick<RunTimes, "toys_per_s" | "stretches">,
  toys_left: number,
  is_running: boolean,
): Pace {
  const goes_on = toys_left > 0 && is_running;
  const since_pause = toys_per_s === null && stretches.length > 1 && goes_on;
  const rate = since_pause ? stretches.at(-1)?.toys_per_s ?? null : toys_per_s;
  const left_s = goes_on && rate !== null && rate > 0 ? toys_left / rate : null;
  return { toys_per_s: rate, since_pause: since_pause && rate !== null, left_s };
}
