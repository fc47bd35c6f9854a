// @ts-types="@types/d3-array"
import { median } from "d3-array";
import type { ShardRecord } from "./schema/shard_record.ts";

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

/** Attempts by one clock: the file server's, or where one machine did all of a run that machine's own. */
export interface OneClock {
  /** In the order given; those that cannot be placed have NaN for stamps. */
  attempts: AttemptTime[];
  /** How far the hosts' offsets scatter, in seconds; null where a host among several has none. */
  spread_s: number | null;
  /** A moment of a machine that ran attempts, in milliseconds by the one clock; null: it ran none. */
  momentMs: (moment: BootMoment) => number | null;
}

/**
 * Offsets of one host that lie further apart than this show that its clock was set: less is the scatter of measuring
 * them (time stamps of files, a file server that answers late), and what NTP slews.
 */
const STEP_S = 0.5;

/** At the least so much two offsets may be off that were measured once each: file systems stamp by ticks of 4 to 10 ms. */
const MIN_SLACK_MS = 50;

/** The attempts of one machine by a clock that was not set between them. */
interface MachineTime {
  id: string | null;
  rows: { attempt: AttemptTime; local_ms: number; slack_ms?: number }[];
  /** What must be added for the file server's clock, once for each attempt of which it is known. */
  leads_ms: number[];
  /** What must be added for the machine's own clock as it was at its first attempt. */
  own_ms: number;
  scatter_ms: number;
}

/**
 * Puts stamps of several hosts, and of hosts whose clocks were set, on one clock. A host's own count of seconds since
 * its start comes first (records have it since they have `clock`); else its stamps are moved by the median of its offsets, and by each one's
 * own where they show that the clock was set.
 */
export function onOneClock(attempts: readonly AttemptTime[]): OneClock {
  const machines = [...Map.groupBy(attempts.filter(isStamped), machineKey).values()].map(machineTime);
  const working = machines.filter(({ rows }) => rows.some(({ attempt }) => attempt.is_committed));
  const is_alone = working.length < 2;
  const leads = new Map(machines.map((one) => [one, is_alone ? one.own_ms : median(one.leads_ms) ?? one.own_ms]));
  const placed = new Map(machines.flatMap((one) => one.rows.map((row) => [row.attempt, place(row, leads.get(one))])));
  const boots = new Map(machines.flatMap((one) => one.id === null ? [] : [[one.id, leads.get(one) ?? 0] as const]));
  return {
    attempts: attempts.map((one) => placed.get(one) ?? { ...one, started_ms: NaN, finished_ms: NaN }),
    spread_s: is_alone ? (working[0]?.scatter_ms ?? 0) / 1000 : spreadSeconds(working, leads),
    momentMs: ({ id, at_s }) => {
      const lead = boots.get(id);
      return lead === undefined ? null : at_s * 1000 + lead;
    },
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

/** Of a clock that was set: each stamp is moved by the middle of the offsets that agree with its own. */
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

/** Sorted values, cut where two neighbours are further apart than a step. */
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
 * Whether the one clock tells when the committed attempts ran: each has its place, and the clocks of several machines
 * do not contradict each other by as much as the whole took.
 */
export function tellsTimes({ attempts, spread_s }: OneClock): boolean {
  const committed = attempts.filter(isCommitted);
  if (committed.length === 0 || !committed.every(isStamped)) return false;
  if (spread_s === null || spread_s < STEP_S) return true;
  const start = committed.reduce((least, { started_ms }) => Math.min(least, started_ms), Infinity);
  const end = committed.reduce((most, { finished_ms }) => Math.max(most, finished_ms), -Infinity);
  return spread_s * 1000 < end - start;
}
