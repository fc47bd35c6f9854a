import { secondsOf } from "../../core/format.ts";
import type { BootMoment } from "../../core/attempt_time.ts";
import type { ShardRecord } from "../../core/contracts/shard_record.ts";
import { uptime_s } from "./uptime.ts";

/** A moment by the clocks of this machine. */
interface Moment {
  /** By its wall clock, which anybody may set. */
  utc_ms: number;
  /** By CLOCK_MONOTONIC: it stands still while the machine sleeps. */
  awake_ms: number;
  /** By the seconds since its start, sleep included; null where that is not known. */
  boot: BootMoment | null;
}

interface Anchor extends BootMoment {
  awake_ms: number;
  /** The kernel's own count then, in whole seconds. */
  whole_s: number | null;
}

let anchor: Anchor | null = null;

/** A sleep shorter than this is not told from the rounding of the kernel's count. */
const LEAST_SLEEP_S = 2;

/** Takes over what /proc/uptime told at `awake_ms`; the first time counts, so that all moments are of one count. */
export function anchorBootClock({ id, at_s }: BootMoment, awake_ms: number): void {
  if (id === "unknown" || !Number.isFinite(at_s)) return;
  anchor ??= { id, at_s, awake_ms, whole_s: uptime_s() };
}

export function thisMoment(): Moment {
  const awake_ms = performance.now();
  return { utc_ms: Date.now(), awake_ms, boot: anchor && { id: anchor.id, at_s: bootSeconds(anchor, awake_ms) } };
}

function bootSeconds({ at_s, awake_ms: since_ms, whole_s }: Anchor, awake_ms: number): number {
  const awake_s = (awake_ms - since_ms) / 1000;
  const slept_s = whole_s === null ? 0 : (uptime_s() ?? 0) - whole_s - awake_s;
  return secondsOf(1000 * (at_s + awake_s + (slept_s > LEAST_SLEEP_S ? slept_s : 0)));
}

/** What a record says of an attempt that begins at `start`. */
export function startedAt({ utc_ms, boot }: Moment): Pick<ShardRecord, "started_at_utc" | "finished_at_utc" | "clock"> {
  const utc = new Date(utc_ms).toISOString();
  const clock = boot && { clock: { boot_id: boot.id, started_boot_s: boot.at_s, step_s: null } };
  return { started_at_utc: utc, finished_at_utc: utc, ...clock };
}

/** What a record says of an attempt from `start` to `end`: its end is its start and what it took, whatever was set. */
export function endedAt(
  start: Moment,
  end: Moment,
): Pick<ShardRecord, "started_at_utc" | "finished_at_utc" | "clock" | "wall_s"> {
  const wall_s = secondsOf(end.awake_ms - start.awake_ms);
  const begun = startedAt(start);
  return {
    ...begun,
    ...(begun.clock ? { clock: { ...begun.clock, step_s: stepSeconds(start, end) } } : {}),
    finished_at_utc: new Date(start.utc_ms + wall_s * 1000).toISOString(),
    wall_s,
  };
}

function stepSeconds(start: Moment, end: Moment): number | null {
  if (start.boot === null || end.boot === null) return null;
  return secondsOf(end.utc_ms - start.utc_ms - 1000 * (end.boot.at_s - start.boot.at_s));
}
