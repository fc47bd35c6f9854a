import { readGlibc } from "../glibc.ts";
import { readLoads, readNumber } from "../job_txt.ts";
import type { Attempt } from "../schema/attempt.ts";
import type { FarmManifest } from "../schema/manifest.ts";
import type { ShardRecord } from "../schema/shard_record.ts";
import type { FarmHost } from "./hosts_file.ts";

/** Facts that a host reported about itself; null: unknown. */
export interface HostFacts {
  host: string;
  kernel: string | null;
  /** Null: unknown, or another C library. */
  glibc: string | null;
  boot_id: string | null;
  load_average: number[] | null;
  cpu_model: string | null;
  cpus_logical: number | null;
  cpus_physical: number | null;
  /** Number of CPUs that a process may use there. */
  cpus_allowed: number | null;
  memory_bytes: number | null;
  memory_available_bytes: number | null;
  /** Absolute path of the folder for runs on the host. */
  base_dir: string | null;
  free_bytes: number | null;
  nextstat_path: string | null;
  nextstat_version: string | null;
  /** Why the host cannot run shards, or null. */
  fault: string | null;
}

/** Reads the agent's KEY=VALUE lines; the first of duplicate keys counts. */
export function readHostFacts(lines: readonly string[]): HostFacts {
  const values = new Map<string, string>();
  for (const line of lines) {
    const cut = line.indexOf("=");
    const key = line.slice(0, cut);
    if (cut > 0 && !values.has(key)) values.set(key, line.slice(cut + 1));
  }
  const text = (key: string) => values.get(key) || null;
  const logical = count(text("cpus_logical"));
  return {
    host: text("host") ?? "unknown",
    kernel: text("kernel"),
    glibc: readGlibc(text("glibc")),
    boot_id: text("boot_id"),
    load_average: readLoads(text("load")),
    cpu_model: text("cpu_model"),
    cpus_logical: logical,
    cpus_physical: count(text("cpus_physical")) ?? logical,
    cpus_allowed: count(text("cpus_allowed")),
    memory_bytes: kilo(text("memory_kb")),
    memory_available_bytes: kilo(text("memory_available_kb")),
    base_dir: text("base"),
    free_bytes: kilo(text("free_kb")),
    nextstat_path: text("nextstat_path"),
    nextstat_version: text("nextstat_version")?.replace(/^nextstat\s+/, "") ?? null,
    fault: text("fault"),
  };
}

function count(text: string | null): number | null {
  const value = readNumber(text);
  return value !== null && Number.isSafeInteger(value) && value > 0 ? value : null;
}

function kilo(text: string | null): number | null {
  const value = readNumber(text);
  return value === null ? null : value * 1024;
}

export const THREAD_POLICIES = ["physical", "logical", "auto", "nextstat-auto"] as const;

/** `--threads` for hosts: a word or a number; 0 by default. */
export type ThreadPolicy = (typeof THREAD_POLICIES)[number] | number;

export interface HostShape {
  threads: number;
  /** Number of shards that run at the same time. */
  slots: number;
}

/**
 * Returns slots and threads of a host. By default each physical core runs one shard with one thread: two processes with
 * one thread fit more toys per second than one with two. `physical` (also auto) and `logical` (also nextstat's own
 * default) give one shard all those cores.
 */
export function hostShape(
  host: Pick<FarmHost, "threads">,
  facts: Pick<HostFacts, "cpus_allowed" | "cpus_logical" | "cpus_physical">,
  policy: ThreadPolicy,
): HostShape {
  const logical = Math.max(1, facts.cpus_allowed ?? facts.cpus_logical ?? 1);
  const physical = Math.max(1, Math.min(facts.cpus_physical ?? logical, logical));
  const wanted = host.threads ?? policy;
  if (wanted === "physical" || wanted === "auto") return { threads: physical, slots: 1 };
  if (wanted === "logical" || wanted === "nextstat-auto") return { threads: logical, slots: 1 };
  const threads = Math.max(1, wanted);
  return { threads, slots: Math.max(1, Math.floor(physical / threads)) };
}

/**
 * Returns the folder of a run on a host, relative to the base folder. Runs with the same id, and copies of a run, have
 * separate folders, since a finished run removes its own.
 * @param host its key (hostKey)
 */
export function hostFolder({ run_id, farm }: Pick<FarmManifest, "run_id" | "farm">, host: string): string {
  return folderOf([run_id, farm.run_token, farm.copy_token], host);
}

/** Returns the folder that an earlier version used, shared by all runs with the same id. */
export function earlierHostFolder({ run_id, farm }: Pick<FarmManifest, "run_id" | "farm">, host: string): string {
  return folderOf([run_id, farm.copy_token], host);
}

function folderOf(run: (string | undefined)[], host: string): string {
  return `${run.filter((part) => part !== undefined).join(".")}/${host.replaceAll(/[^A-Za-z0-9._-]/g, "_")}`;
}

/** Possible delay of a start on a host after the driver's request, in seconds. */
const [EARLIEST_S, LATEST_S] = [-2, 600];

/**
 * Returns the offset between host and driver that was measured at connection; null if one of the clocks was set since,
 * because the attempt would have begun before the request, or long after it.
 */
export function offsetThen(
  { remote, started_at_utc }: Pick<Attempt, "remote" | "started_at_utc">,
  there: Pick<ShardRecord, "started_at_utc">,
): number | null {
  const offset_s = remote?.clock_offset_s ?? null;
  if (offset_s === null) return null;
  const late_s = (Date.parse(there.started_at_utc) - Date.parse(started_at_utc)) / 1000 - offset_s;
  return late_s >= EARLIEST_S && late_s <= LATEST_S ? offset_s : null;
}
