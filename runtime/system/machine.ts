import { createHash } from "node:crypto";
import { orElse } from "../../core/errors.ts";
import type { BootMoment } from "../../core/attempt_time.ts";
import { secondsOf } from "../../core/format.ts";
import { jobVariable } from "../../core/in_job.ts";
import type { ProcessId } from "../../core/schema/attempt.ts";
import type { FarmManifest } from "../../core/schema/manifest.ts";
import type { ShardRecord } from "../../core/schema/shard_record.ts";
import { ownTemporaryFiles } from "../fs/write.ts";
import { HERE, jobViews } from "./allocation.ts";
import type * as proc from "./proc.ts";
import { processBoot, readOwnProc, readProc, readStat } from "./proc.ts";

type CpuFacts = Pick<ShardRecord, "cpu_model" | "cpus_logical" | "cpus_physical">;

/**
 * Reads /proc/cpuinfo (x86 and arm64 layouts). A physical core is a distinct pair of `physical id` and `core id`
 * (proc_cpuinfo(5)); where the kernel names none, every logical CPU counts as one.
 */
export function readCpuinfo(text: string): CpuFacts {
  const logical = [...text.matchAll(/^processor\s*:/gm)].length;
  const model = /^(?:model name|Model|CPU part)\s*:\s*(.+)$/m.exec(text)?.[1]?.trim() ?? null;
  if (logical === 0) return { cpu_model: model, cpus_logical: null, cpus_physical: null };
  const cores = new Set(text.split(/\n\s*\n/).flatMap(coreOf));
  return { cpu_model: model, cpus_logical: logical, cpus_physical: cores.size || logical };
}

function coreOf(block: string): string[] {
  const core = /^core id\s*:\s*(\d+)/m.exec(block)?.[1];
  const socket = /^physical id\s*:\s*(\d+)/m.exec(block)?.[1] ?? "0";
  return core === undefined ? [] : [`${socket}/${core}`];
}

/** Returns the whole seconds since this machine's boot, sleep included (sysinfo(2)); null where unknown. */
export const uptime_s = (): number | null => orElse(null, () => Deno.osUptime());

/** Returns when this machine was started, by its clock, in ms to a second; null where unknown. */
export function bootedAt_ms(): number | null {
  const up_s = uptime_s();
  return up_s === null ? null : Date.now() - 1000 * up_s;
}

interface Moment {
  /** By its wall clock, which anybody may set. */
  utc_ms: number;
  /** By CLOCK_MONOTONIC: it stands still while the machine sleeps. */
  awake_ms: number;
  /** By the seconds since its boot, sleep included; null where unknown. */
  boot: BootMoment | null;
}

interface Anchor extends BootMoment {
  awake_ms: number;
  /** The kernel's own count at that moment, in whole seconds. */
  whole_s: number | null;
}

let anchor: Anchor | null = null;

/** Shortest sleep that differs from the rounding of the kernel's count. */
const MIN_SLEEP_S = 2;

/** Stores the value of /proc/uptime at `awake_ms`. Only the first call counts, so that all moments are on one count. */
function anchorBootClock({ id, at_s }: BootMoment, awake_ms: number): void {
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
  return secondsOf(1000 * (at_s + awake_s + (slept_s > MIN_SLEEP_S ? slept_s : 0)));
}

/** Returns the times in the record of an attempt that starts at `start`. */
export function startedAt({ utc_ms, boot }: Moment): Pick<ShardRecord, "started_at_utc" | "finished_at_utc" | "clock"> {
  const utc = new Date(utc_ms).toISOString();
  const clock = boot && { clock: { boot_id: boot.id, started_boot_s: boot.at_s, step_s: null } };
  return { started_at_utc: utc, finished_at_utc: utc, ...clock };
}

/** Returns the times of an attempt's record: it ends its duration after its start, whatever clock was set meanwhile. */
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

export interface Machine extends CpuFacts {
  /** The node's name as its scheduler calls it, else the host name. */
  host: string;
  process: ProcessId;
  /** Hash of this machine's id, the same after a reboot; absent: it has none. */
  machine_id?: string;
  memory_bytes: number | null;
  kernel: string | null;
  /** CPUs that this process may use: affinity and cgroup quota (sched_getaffinity(2)). */
  cpus_allowed: number;
  /** File with the kernel's count of out-of-memory kills of this job, or null. */
  oom_file: string | null;
  /** That count when the machine was inspected, or null. */
  oom_kills: number | null;
  /** Source of process states; absent: /proc. */
  processes?: Processes;
}

type Processes = Pick<typeof proc, "aliveOf" | "findByArgument">;

/**
 * Inspects this machine once; its result names the temporary files of this process from then on.
 * @param manifest of the run whose job this may be
 */
export async function inspectMachine(manifest?: FarmManifest): Promise<Machine> {
  const { text, read_ms } = await readOwnProc();
  const [boot = "unknown", stat = "", uptime = ""] = text.split("\n");
  anchorBootClock({ id: boot, at_s: Number.parseFloat(uptime) }, read_ms);
  const process = {
    host: Deno.hostname(),
    boot_id: processBoot(boot),
    pid: Deno.pid,
    start_ticks: readStat(stat)?.start_ticks ?? "0",
  };
  ownTemporaryFiles(process);
  return {
    ...readCpuinfo(text),
    host: jobVariable(jobViews(manifest), "node", HERE) ?? Deno.hostname(),
    process,
    ...orElse({}, () => ({ machine_id: hashedId(Deno.readTextFileSync("/etc/machine-id").trim()) })),
    memory_bytes: orElse(null, () => Deno.systemMemoryInfo().total),
    kernel: orElse(null, () => Deno.osRelease()),
    cpus_allowed: navigator.hardwareConcurrency,
    oom_file: oomFile(text),
    oom_kills: oomKills(text),
  };
}

/** Returns the hash of a machine's id, which itself must not be shown (machine-id(5)). @throws where it is none */
function hashedId(id: string): string {
  if (!/^[0-9a-f]{32}$/.test(id)) throw new Error("no machine id");
  return createHash("sha256").update(`nsfarm-deno ${id}`).digest("hex").slice(0, 16);
}

/** Returns the path of memory.events in cgroup v2 (Documentation/admin-guide/cgroup-v2.rst, "oom_kill"). */
function oomFile(text: string): string | null {
  const group = /^0::(\/.*)$/m.exec(text)?.[1];
  return group === undefined ? null : `/sys/fs/cgroup${group === "/" ? "" : group}/memory.events`;
}

/** Returns how many processes of this job the kernel has killed for lack of memory so far, or null. */
export async function countOomKills(machine: Machine): Promise<number | null> {
  if (machine.oom_file === null) return null;
  return oomKills(await readProc([machine.oom_file]));
}

function oomKills(text: string): number | null {
  const count = /^oom_kill (\d+)$/m.exec(text)?.[1];
  return count === undefined ? null : Number(count);
}

/** Returns the load averages over 1, 5 and 15 minutes; null where the system has none. */
export const loadAverage = (): number[] | null => orElse(null, () => Deno.loadavg());
