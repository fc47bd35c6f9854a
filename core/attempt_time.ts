// @ts-types="@types/d3-array"
import { median } from "d3-array";
import type { ShardRecord } from "./schema/shard_record.ts";

/** Moment on a clock that nobody can set: seconds since the machine's boot `id`, including time asleep. */
export interface BootMoment {
  id: string;
  at_s: number;
}

/** Start and end of one attempt on its own host's clock; NaN: unknown. */
export interface AttemptTime {
  /** Whether this attempt gave the shard its valid result. */
  is_committed: boolean;
  shard_index: number;
  n_toys: number;
  scheduler: string;
  host: string;
  started_ms: number;
  finished_ms: number;
  /** Largest overlap of two attempts that may still have used one slot in turn, in ms. */
  slack_ms?: number;
  /** The host's clock minus the file server's, at the start, in seconds. */
  clock_offset_s: number | null;
  /** Start by the host's boot clock; null in records of earlier versions. */
  boot?: BootMoment | null;
  wall_s: number | null;
  cpu_s: number | null;
  /** Largest resident set size of the fit. */
  max_rss_bytes?: number | null;
}

/** Reads start and end of an attempt from its record: the start by the host's clock, the end by the wall time. */
export function attemptTime(record: ShardRecord): AttemptTime {
  const { shard_index, n_toys, scheduler, host, clock_offset_s, cpu_user_s, cpu_system_s } = record;
  const { boot_id, started_boot_s } = record.clock ?? {};
  const [started_ms, stamped_ms] = [stampMs(record.started_at_utc), stampMs(record.finished_at_utc)];
  // If the clock was set while the sh wrapper of an earlier version waited, wall_s can be any number.
  const wall_s = record.wall_s !== null && record.wall_s >= 0 ? record.wall_s : null;
  const is_committed = record.cause === "ok";
  // The stamps are good enough for an attempt that failed to start; one with a result took some time.
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
    max_rss_bytes: record.max_rss_bytes,
    cpu_s: cpu_user_s === null && cpu_system_s === null ? null : (cpu_user_s ?? 0) + (cpu_system_s ?? 0),
  };
}

/** Returns ms since 1970; NaN for 1970 itself, which the sh wrapper writes where a node cannot tell the time. */
function stampMs(utc: string): number {
  const ms = Date.parse(utc);
  return ms > 0 ? ms : NaN;
}

export const isStamped = ({ started_ms, finished_ms }: Pick<AttemptTime, "started_ms" | "finished_ms">): boolean =>
  Number.isFinite(started_ms) && Number.isFinite(finished_ms);

export const isCommitted = (attempt: AttemptTime): boolean => attempt.is_committed;

/** Attempts on one clock: the file server's, or the machine's own where a single machine ran everything. */
export interface OneClock {
  /** In the given order; stamps are NaN where an attempt cannot be placed. */
  attempts: AttemptTime[];
  /** Scatter of the hosts' offsets in seconds; null where one of several hosts has no offset. */
  spread_s: number | null;
  /** Returns a moment of a machine that ran attempts, in ms on the one clock; null: the machine ran none. */
  momentMs: (moment: BootMoment) => number | null;
  /** Returns a moment of the file server's clock on the one clock, in ms; null: how the two differ is unknown. */
  serverMs: (ms: number) => number | null;
}

/**
 * Distance between offsets of one host, in seconds, that shows that its clock was set. Smaller differences are
 * measurement scatter (file time stamps, a slow file server) or NTP slew.
 */
const STEP_S = 0.5;

/** Least uncertainty of two offsets that were measured once each, in ms: file systems stamp in ticks of 4 to 10 ms. */
const MIN_SLACK_MS = 50;

/** Attempts of one machine on a clock that was not set between them. */
interface MachineTime {
  id: string | null;
  rows: { attempt: AttemptTime; local_ms: number; slack_ms?: number }[];
  /** What to add to reach the file server's clock, in ms, for each attempt with a known offset. */
  leads_ms: number[];
  /** What to add to reach the machine's own clock at its first attempt, in ms. */
  own_ms: number;
  scatter_ms: number;
}

/**
 * Converts stamps of several hosts, and of hosts whose clocks were set, to one clock. Uses a host's boot clock where
 * records have it (`clock`); otherwise it moves stamps by the median of the host's offsets, or by each attempt's own
 * offset where the offsets show that the clock was set.
 */
export function onOneClock(attempts: readonly AttemptTime[]): OneClock {
  const machines = [...Map.groupBy(attempts.filter(isStamped), machineKey).values()].map(machineTime);
  const working = machines.filter(({ rows }) => rows.some(({ attempt }) => attempt.is_committed));
  const is_alone = working.length < 2;
  const leads = new Map(machines.map((one) => [one, is_alone ? one.own_ms : median(one.leads_ms) ?? one.own_ms]));
  const placed = new Map(machines.flatMap((one) => one.rows.map((row) => [row.attempt, place(row, leads.get(one))])));
  const [alone] = is_alone ? working : [];
  const of_server = alone ? median(alone.leads_ms) : 0;
  const boots = new Map(machines.flatMap((one) => one.id === null ? [] : [[one.id, leads.get(one) ?? 0] as const]));
  return {
    attempts: attempts.map((one) => placed.get(one) ?? { ...one, started_ms: NaN, finished_ms: NaN }),
    spread_s: is_alone ? (working[0]?.scatter_ms ?? 0) / 1000 : spreadSeconds(working, leads),
    momentMs: ({ id, at_s }) => {
      const lead = boots.get(id);
      return lead === undefined ? null : at_s * 1000 + lead;
    },
    serverMs: (ms) => of_server === undefined ? null : ms + (alone ? alone.own_ms - of_server : 0),
  };
}

const machineKey = ({ boot, host }: AttemptTime) => boot ? `start ${boot.id}` : `host ${host}`;

function place({ attempt, local_ms, slack_ms }: MachineTime["rows"][number], lead_ms = NaN): AttemptTime {
  const started_ms = local_ms + lead_ms;
  const moved = { ...attempt, started_ms, finished_ms: started_ms + attempt.finished_ms - attempt.started_ms };
  return slack_ms ? { ...moved, slack_ms } : moved;
}

function machineTime(all: AttemptTime[]): MachineTime {
  const boot = all[0]?.boot;
  const known = all.flatMap(({ clock_offset_s }) => clock_offset_s ?? []).sort((a, b) => a - b);
  const groups = splitByGap(known);
  if (boot) return { ...byOwnCount(all), id: boot.id, scatter_ms: 0 };
  if (groups.length > 1) return bySteps(all, groups);
  const rows = all.map((attempt) => ({ attempt, local_ms: attempt.started_ms }));
  return { id: null, rows, leads_ms: known.map((offset_s) => -offset_s * 1000), own_ms: 0, scatter_ms: 0 };
}

function byOwnCount(all: AttemptTime[]): Pick<MachineTime, "rows" | "leads_ms" | "own_ms"> {
  const rows = all.map((attempt) => ({ attempt, local_ms: (attempt.boot?.at_s ?? NaN) * 1000 }));
  const leads_ms = rows.flatMap(({ attempt: { started_ms, clock_offset_s }, local_ms }) =>
    clock_offset_s === null ? [] : started_ms - clock_offset_s * 1000 - local_ms
  );
  const first = rows.reduce((a, b) => b.local_ms < a.local_ms ? b : a);
  return { rows, leads_ms, own_ms: first.attempt.started_ms - first.local_ms };
}

/** Handles a clock that was set: moves each stamp by the median of the offsets that agree with its own. */
function bySteps(all: AttemptTime[], groups: number[][]): MachineTime {
  const middles = groups.map((offsets) => median(offsets) ?? 0);
  const off_s = groups.flatMap((offsets, i) => offsets.map((one) => Math.abs(one - (middles[i] ?? 0))));
  const scatter_ms = 1000 * off_s.reduce((a, b) => Math.max(a, b), 0);
  const rows = all.map((attempt) => {
    const { clock_offset_s, started_ms, finished_ms } = attempt;
    const own = groups.findIndex((offsets) => clock_offset_s !== null && clock_offset_s <= (offsets.at(-1) ?? NaN));
    const slack_ms = Math.min(Math.max(MIN_SLACK_MS, 2 * scatter_ms), (finished_ms - started_ms) / 2);
    return { attempt, local_ms: started_ms - (middles[own] ?? NaN) * 1000, slack_ms };
  });
  const first = rows.reduce((a, b) => b.local_ms < a.local_ms || Number.isNaN(a.local_ms) ? b : a);
  return { id: null, rows, leads_ms: [0], own_ms: first.attempt.started_ms - first.local_ms, scatter_ms };
}

/** Cuts sorted values where two neighbours are further apart than STEP_S. */
function splitByGap(sorted: readonly number[]): number[][] {
  const groups: number[][] = [];
  for (const [i, value] of sorted.entries()) {
    if (i === 0 || value - (sorted[i - 1] ?? value) > STEP_S) groups.push([]);
    groups.at(-1)?.push(value);
  }
  return groups;
}

function spreadSeconds(machines: readonly MachineTime[], leads: ReadonlyMap<MachineTime, number>): number | null {
  if (machines.some(({ leads_ms }) => leads_ms.length === 0)) return null;
  const off = machines.flatMap((
    one,
  ) => [one.scatter_ms, ...one.leads_ms.map((lead_ms) => Math.abs(lead_ms - (leads.get(one) ?? 0)))]);
  return off.reduce((a, b) => Math.max(a, b), 0) / 1000;
}

/**
 * Returns whether the one clock places all committed attempts: each has a time, and the clocks of several machines
 * disagree by less than the whole duration.
 */
export function areTimesKnown({ attempts, spread_s }: OneClock): boolean {
  const committed = attempts.filter(isCommitted);
  if (committed.length === 0 || !committed.every(isStamped)) return false;
  if (spread_s === null || spread_s < STEP_S) return true;
  const start = committed.reduce((least, { started_ms }) => Math.min(least, started_ms), Infinity);
  const end = committed.reduce((most, { finished_ms }) => Math.max(most, finished_ms), -Infinity);
  return spread_s * 1000 < end - start;
}
