import type { ProcessId } from "../../core/contracts/attempt.ts";
import type { FarmManifest } from "../../core/contracts/manifest.ts";
import { jobVariable } from "../../core/in_job.ts";
import { type CpuFacts, readCpuinfo } from "../../core/read_cpuinfo.ts";
import { anchorBootClock } from "./boot_clock.ts";
import { HERE, jobViews } from "./job_view.ts";
import type * as proc from "./proc.ts";
import { readProc, readStat } from "./proc.ts";
import { ownTemporaryFiles } from "../disk/write_file.ts";

/** This machine, and this process on it. */
export interface Machine extends CpuFacts {
  /** The node's name as its scheduler calls it, else the host name. */
  host: string;
  process: ProcessId;
  memory_bytes: number | null;
  kernel: string | null;
  /** CPUs that this process may use: affinity and cgroup quota (sched_getaffinity(2)). */
  cpus_allowed: number;
  /** Where the kernel counts the out-of-memory kills of this job, or null. */
  oom_file: string | null;
  /** Who can be asked of its processes; /proc where nobody is named. */
  processes?: Processes;
}

type Processes = Pick<typeof proc, "aliveOf" | "findByArgument">;

/**
 * Looks at this machine once; temporary files of this process bear its name from then on.
 * @param manifest of the run whose job this may be
 */
export async function lookAtMachine(manifest?: FarmManifest): Promise<Machine> {
  const begun = performance.now();
  const own = ["/proc/sys/kernel/random/boot_id", `/proc/${Deno.pid}/stat`, "/proc/uptime"];
  const text = await readProc([...own, "/proc/self/cgroup", "/proc/cpuinfo"]);
  const [boot = "unknown", stat = "", uptime = ""] = text.split("\n");
  anchorBootClock({ id: boot, at_s: Number.parseFloat(uptime) }, (begun + performance.now()) / 2);
  const process = {
    host: Deno.hostname(),
    boot_id: boot,
    pid: Deno.pid,
    start_ticks: readStat(stat)?.start_ticks ?? "0",
  };
  ownTemporaryFiles(process);
  return {
    ...readCpuinfo(text),
    host: jobVariable(jobViews(manifest), "node", HERE) ?? Deno.hostname(),
    process,
    memory_bytes: orNull(() => Deno.systemMemoryInfo().total),
    kernel: orNull(() => Deno.osRelease()),
    cpus_allowed: navigator.hardwareConcurrency,
    oom_file: oomFile(text),
  };
}

/** memory.events of the unified hierarchy (cgroup v2, Documentation/admin-guide/cgroup-v2.rst, "oom_kill"). */
function oomFile(text: string): string | null {
  const group = /^0::(\/.*)$/m.exec(text)?.[1];
  return group === undefined ? null : `/sys/fs/cgroup${group === "/" ? "" : group}/memory.events`;
}

/** How many processes of this job the kernel has killed for want of memory so far, or null. */
export async function countOomKills(machine: Machine): Promise<number | null> {
  if (machine.oom_file === null) return null;
  const count = /^oom_kill (\d+)$/m.exec(await readProc([machine.oom_file]))?.[1];
  return count === undefined ? null : Number(count);
}

export function loadAverage(): number[] | null {
  return orNull(() => Deno.loadavg());
}

function orNull<T>(ask: () => T): T | null {
  try {
    return ask();
  } catch {
    return null;
  }
}
