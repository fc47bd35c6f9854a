/** Where a run stands, for a line of progress. Times in seconds. */
export interface Progress {
  total: number;
  done: number;
  running: number;
  failed: number;
  /** Held by the scheduler: they wait for a person. */
  held?: number;
  toys_done: number;
  toys_total: number;
  /** null while nothing has finished. */
  toys_per_s: number | null;
}

/** `[########----] 28/40 done, 2 running, 10 waiting, 0 failed, 412.1 toys/s, 2 s left` */
export function progressLine(progress: Progress, bar_width: number): string {
  const { total, done, running, failed, held = 0, toys_per_s } = progress;
  const waiting = total - done - running - failed - held;
  const filled = total === 0 ? 0 : Math.floor(done / total * bar_width);
  const bar = bar_width > 0 ? `[${"#".repeat(filled)}${"-".repeat(bar_width - filled)}] ` : "";
  const rate = toys_per_s === null ? "" : `, ${significant(toys_per_s)} toys/s`;
  const left = secondsLeft(progress);
  const counts = [
    `${done}/${total} done`,
    `${running} running`,
    ...(waiting > 0 ? [`${waiting} waiting`] : []),
    ...(held > 0 ? [`${held} held`] : []),
    `${failed} failed`,
  ];
  return `${bar}${counts.join(", ")}${rate}${left === null || running === 0 ? "" : `, ${duration(left)} left`}`;
}

export function secondsLeft({ toys_done, toys_total, toys_per_s }: Progress): number | null {
  return toys_per_s === null || toys_per_s <= 0 || toys_done >= toys_total
    ? null
    : (toys_total - toys_done) / toys_per_s;
}

/** Seconds for people: `8.4 s`, `3 min 20 s`, `2 h 5 min`. */
export function duration(seconds: number): string {
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return `${minutes} min ${whole % 60} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** Four significant digits (whole numbers in full), without an exponent, for what people count. */
export function significant(value: number): string {
  if (value === 0 || !Number.isFinite(value)) return `${value}`;
  // Rounded first: 999.96 has four digits as 1000, not as 1000.0.
  const size = Math.abs(Number(value.toPrecision(4)));
  const digits = Math.max(0, 3 - Math.floor(Math.log10(size)));
  return value.toFixed(Math.min(digits, 6));
}
