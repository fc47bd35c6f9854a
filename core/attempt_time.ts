import type { ShardRecord } from "./contracts/shard_record.ts";

/** When one attempt ran, as its own host's clock has it. */
export interface AttemptTime {
  /** Whether it gave the shard its valid result. */
  is_committed: boolean;
  shard_index: number;
  n_toys: number;
  scheduler: string;
  host: string;
  started_ms: number;
  finished_ms: number;
  /** The host's clock less the file server's. */
  clock_offset_s: number | null;
  wall_s: number | null;
  cpu_s: number | null;
}

export function attemptTime(record: ShardRecord): AttemptTime {
  const { shard_index, n_toys, scheduler, host, clock_offset_s, wall_s, cpu_user_s, cpu_system_s } = record;
  return {
    is_committed: record.cause === "ok",
    shard_index,
    n_toys,
    scheduler,
    host,
    started_ms: Date.parse(record.started_at_utc),
    finished_ms: Date.parse(record.finished_at_utc),
    clock_offset_s,
    wall_s,
    cpu_s: cpu_user_s === null && cpu_system_s === null ? null : (cpu_user_s ?? 0) + (cpu_system_s ?? 0),
  };
}

/** The same attempts by the file server's clock, as far as each host's offset is known. */
export interface OneClock {
  attempts: AttemptTime[];
  /** How far the hosts' offsets scatter, in seconds; null where a host among several has none. */
  spread_s: number | null;
}

/** Puts stamps of several hosts on one clock: each host's are moved by the median of its offsets. */
export function onOneClock(attempts: readonly AttemptTime[]): OneClock {
  const hosts = Map.groupBy(attempts, (attempt) => attempt.host);
  // Of one host only differences count, and there its offset drops out.
  if (hosts.size < 2) return { attempts: [...attempts], spread_s: 0 };
  const offsets = new Map([...hosts].map(([host, all]) => [host, all.flatMap((one) => one.clock_offset_s ?? [])]));
  const medians = new Map([...offsets].map(([host, known]) => [host, median(known)]));
  const moved = attempts.map((attempt) => shift(attempt, medians.get(attempt.host) ?? 0));
  const known = [...offsets.values()].every((all) => all.length > 0);
  const scatter = [...offsets].flatMap(([host, all]) => all.map((one) => Math.abs(one - (medians.get(host) ?? 0))));
  return { attempts: moved, spread_s: known ? scatter.reduce((a, b) => Math.max(a, b), 0) : null };
}

function shift(attempt: AttemptTime, offset_s: number): AttemptTime {
  const ms = offset_s * 1000;
  return { ...attempt, started_ms: attempt.started_ms - ms, finished_ms: attempt.finished_ms - ms };
}

function median(values: number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  return ((sorted[Math.ceil(middle) - 1] ?? 0) + (sorted[Math.floor(middle)] ?? 0)) / 2;
}
