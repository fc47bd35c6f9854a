import { duration, significant } from "./format.ts";
import type { RunTimes } from "./schema/run_times.ts";

/** How fast a run goes; null: not known. */
interface Pace {
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

/** Where a run stands, for a line of progress. */
export interface Progress {
  total: number;
  done: number;
  running: number;
  failed: number;
  /** Held by the scheduler: they wait for a person. */
  held?: number;
  pace: Pace;
}

/**
 * `[########----] 28/40 done, 2 running, 10 waiting, 0 failed, 412.1 toys/s, 2 s left`. Where that is too long for a
 * terminal the bar goes first, then the rate, then the counts but those of what is done, for the time left is what people look for.
 * @param columns that the terminal has
 */
export function progressLine(progress: Progress, bar_width: number, columns = Infinity): string {
  const [counts, rate, left] = [countWords(progress), rateText(progress.pace), leftText(progress.pace)];
  const whole = `${counts}${rate}${left}`;
  const room = Math.min(bar_width, columns - whole.length - BAR_FRAME);
  const shortest = `${progress.done}/${progress.total} done${left}`;
  const lines = [...(room >= MIN_BAR ? [`${bar(progress, room)} ${whole}`] : []), whole, `${counts}${left}`];
  return (lines.find((line) => line.length <= columns) ?? shortest).slice(0, columns);
}

/** Two brackets and a blank. */
const BAR_FRAME = 3;
/** A shorter bar tells nothing. */
const MIN_BAR = 4;

function bar({ total, done }: Progress, width: number): string {
  const filled = total === 0 ? 0 : Math.floor(done / total * width);
  return `[${"#".repeat(filled)}${"-".repeat(width - filled)}]`;
}

function countWords({ total, done, running, failed, held = 0 }: Progress): string {
  const waiting = total - done - running - failed - held;
  return [
    `${done}/${total} done`,
    `${running} running`,
    ...(waiting > 0 ? [`${waiting} waiting`] : []),
    ...(held > 0 ? [`${held} held`] : []),
    `${failed} failed`,
  ].join(", ");
}

/** `, 412.1 toys/s`, or nothing where no rate is known. */
export function rateText({ toys_per_s, since_pause }: Pick<Pace, "toys_per_s" | "since_pause">): string {
  if (toys_per_s === null) return "";
  return `, ${significant(toys_per_s)} toys/s${since_pause ? " since the pause" : ""}`;
}

/** `, 2 s left`, or nothing where it is not known. */
export const leftText = ({ left_s }: Pick<Pace, "left_s">): string =>
  left_s === null ? "" : `, ${duration(left_s)} left`;
