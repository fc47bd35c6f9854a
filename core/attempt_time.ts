import type { ShardRecord } from "./contracts/shard_record.ts";

/** A moment by a clock that nobody can set: the seconds since the machine's start `id`, its sleep included. */
export interface BootMoment {
  id: string;
  at_s: number;
}

/** When one attempt ran, as its own host's clock has it. NaN: not known. */
export interface AttemptTime {
  /** Whether it gave the shard its valid result. */
  is_committed: boolean;
  shard_index: number;
  n_toys: number;
  scheduler: string;
  host: string;
  started_ms: number;
  finished_ms: number;
  /** Two attempts that overlap by less than this may have had one slot, one after the other. */
  slack_ms?: number;
  /** The host's clock less the file server's, at the start. */
  clock_offset_s: number | null;
  /** The start by the host's own count; null in records of earlier versions. */
  boot?: BootMoment | null;
  wall_s: number | null;
  cpu_s: number | null;
}

/** Reads when an attempt ran off its record: its start by the host's clock, its end by what it took. */
export function attemptTime(record: ShardRecord): AttemptTime {
  const { shard_index, n_toys, scheduler, host, clock_offset_s, cpu_user_s, cpu_system_s } = record;
  const { boot_id, started_boot_s } = record.clock ?? {};
  const [started_ms, stamped_ms] = [stampMs(record.started_at_utc), stampMs(record.finished_at_utc)];
  // A clock that was set while the sh wrapper of an earlier version waited makes any number of this.
  const wall_s = record.wall_s !== null && record.wall_s >= 0 ? record.wall_s : null;
  const is_committed = record.cause === "ok";
  // Of an attempt that failed to begin, its stamps tell enough; one that gave a result took some time.
  const unmeasured_ms = is_committed ? NaN : stamped_ms;
  const finished_ms = wall_s === null ? unmeasured_ms : started_ms + wall_s * 1000;
  return {
    is_committed,
    shard_index,
    n_toys,
    scheduler,
    host,
    started_ms,
    finished_ms: finished_ms >= started_ms ? finished_ms : NaN,
    clock_offset_s,
    boot: boot_id && typeof started_boot_s === "number" ? { id: boot_id, at_s: started_boot_s } : null,
    wall_s,
    cpu_s: cpu_user_s === null && cpu_system_s === null ? null : (cpu_user_s ?? 0) + (cpu_system_s ?? 0),
  };
}

/** 1970 is what the sh wrapper's node gave that could not tell the time. */
function stampMs(utc: string): number {
  const ms = Date.parse(utc);
  return ms > 0 ? ms : NaN;
}

export const isStamped = ({ started_ms, finished_ms }: Pick<AttemptTime, "started_ms" | "finished_ms">): boolean =>
  Number.isFinite(started_ms) && Number.isFinite(finished_ms);

export const isCommitted = (attempt: AttemptTime): boolean => attempt.is_committed;
