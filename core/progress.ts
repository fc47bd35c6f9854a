import { duration, significant } from "./format.ts";
import type { RunTimes } from "./schema/run_times.ts";

/** Speed of a run; null: unknown. */
interface Pace {
  toys_per_s: number | null;
  /** Whether the rate covers only the time since the last interruption; the text must then say so. */
  since_pause: boolean;
  /** Estimated seconds until the remaining toys are done, at this rate. */
  left_s: number | null;
}

/**
 * Returns the rate of a run, toys / makespan as in a merge, and the time left. An interrupted run has no rate of its
 * own; while toys are left, the rate of its last session gives the estimate.
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

/** Counts and speed of a run, for a progress line. */
export interface Progress {
  total: number;
  done: number;
  running: number;
  failed: number;
  /** Jobs held by the scheduler until a user releases them. */
  held?: number;
  pace: Pace;
}

/**
 * Returns `[########----] 28/40 done, 2 running, 10 waiting, 0 failed, 412.1 toys/s, 2 s left`. Where this is too long
 * for the terminal, it drops the bar, then the rate, then all counts but `done`; the time left stays.
 * @param columns width of the terminal
 */
export function progressLine(progress: Progress, bar_width: number, columns = Infinity): string {
  const [counts, rate, left] = [countWords(progress), rateText(progress.pace), leftText(progress.pace)];
  const whole = `${counts}${rate}${left}`;
  const room = Math.min(bar_width, columns - whole.length - BAR_FRAME);
  const shortest = `${progress.done}/${progress.total} done${left}`;
  const lines = [...(room >= MIN_BAR ? [`${bar(progress, room)} ${whole}`] : []), whole, `${counts}${left}`];
  return (lines.find((line) => line.length <= columns) ?? shortest).slice(0, columns);
}

/** Returns whether a line of a log counts shards and so explains nothing. */
export const isProgressLine = (line: string): boolean => /^(\[[#-]*\] )?\d+\/\d+ done\b/.test(line);

/** Width of two brackets and a blank. */
const BAR_FRAME = 3;
/** Least width of a useful bar. */
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

/** Returns `, 412.1 toys/s`, or nothing if the rate is unknown. */
export function rateText({ toys_per_s, since_pause }: Pick<Pace, "toys_per_s" | "since_pause">): string {
  if (toys_per_s === null) return "";
  return `, ${significant(toys_per_s)} toys/s${since_pause ? " since the pause" : ""}`;
}

/** Returns `, 2 s left`, or nothing if it is unknown. */
export const leftText = ({ left_s }: Pick<Pace, "left_s">): string =>
  left_s === null ? "" : `, ${duration(left_s)} left`;
