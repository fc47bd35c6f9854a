// @ts-types="@types/d3-array"
import { quantileSorted } from "d3-array";
import { durationSeconds } from "./flags.ts";
import { JOB_EXTRA_S, marginWords, mebibytesOf, memoryToRequest, timeToRequest, wrapperMemory } from "./job_limits.ts";
import { clockTime, duration, percent, plural, shortDuration } from "./format.ts";
import type { FarmManifest, OptionValue } from "./schema/manifest.ts";
import type { RunTimes } from "./schema/run_times.ts";
import { slotsOn } from "./worker_backends.ts";

interface LimitOption {
  name: string;
  role?: string | undefined;
  default?: OptionValue | undefined;
}

/** What the jobs of a run request; null: nothing, or unknown. */
interface JobRequest {
  memory: { name: string; mib: number | null } | null;
  time: { name: string; s: number | null } | null;
  cpus: { name: string; n: number } | null;
  cpus_per_shard: number | null;
  shards_per_job: number;
  /** Memory of nsfarm-deno beside the fit, in MiB. */
  wrapper_mib: number;
}

/** Returns what the jobs of a run request, by the options of its scheduler. */
export function jobRequest({ scheduler, threads, farm }: FarmManifest, options: readonly LimitOption[]): JobRequest {
  const of = (role: string) => {
    const option = options.find((one) => one.role === role);
    return option && { name: option.name, value: farm.options[option.name] ?? option.default };
  };
  const [memory, time, cpus] = [of("memory"), of("time"), of("cpus")];
  const isShared = farm.pilots !== null || slotsOn(scheduler) !== undefined;
  const per_thread = threads > 0 ? threads : slotsOn(scheduler) === "hosts" ? null : 1;
  const n_cpus = typeof cpus?.value === "number" ? cpus.value : null;
  const per_job = farm.options["shards-per-job"];
  return {
    // The limit of a plugin may be one of virtual memory, as Grid Engine's h_vmem is.
    memory: isShared || farm.plugin || !memory ? null : { name: memory.name, mib: mebibytesOf(memory.value) },
    time: isShared || !time ? null : { name: time.name, s: secondsOfLimit(time.value) },
    cpus: isShared || !cpus || n_cpus === null ? null : { name: cpus.name, n: n_cpus },
    cpus_per_shard: isShared ? per_thread : n_cpus,
    shards_per_job: typeof per_job === "number" ? per_job : 1,
    wrapper_mib: wrapperMemory(farm.wrapper),
  };
}

function secondsOfLimit(value: OptionValue | undefined): number | null {
  return value === undefined || !/^[\d:-]+$/.test(`${value}`) ? null : durationSeconds("the time limit")(`${value}`);
}

/** A quantity over the done shards of a run. */
interface Used {
  /** What a job requests; null: nothing, or unknown. */
  requested: number | null;
  /** 95th percentile of the shards. */
  p95: number;
  max: number;
}

export interface RunUsage {
  /** Number of done shards with a record. */
  n_shards: number;
  /** Memory of a fit (largest resident set size). */
  memory_mib: Used | null;
  /** Wall time of a shard; requested: of a job. */
  wall_s: Used | null;
  /** CPU time / wall time of a shard. */
  cpus: Used | null;
  cpu_s: number;
  /** CPU seconds of failed and superseded attempts. */
  wasted_cpu_s: number;
  /** Number of failed and superseded attempts, and of lost ones, whose CPU time is unknown. */
  wasted_attempts: number;
  lost_attempts: number;
  /** CPU time / (wall time × CPUs) of the done shards. */
  cpu_efficiency: number | null;
}

/** Measurements of a done shard; null: unknown. */
export interface UsedShard {
  wall_s: number | null;
  cpu_s: number | null;
  max_rss_bytes?: number | null | undefined;
}

/** Returns what a run requested and used; null where no shard is done. */
export function runUsage(shards: readonly UsedShard[], request: JobRequest, times: RunTimes): RunUsage | null {
  if (shards.length === 0) return null;
  const timed = shards.flatMap(({ wall_s, cpu_s }) =>
    wall_s === null || cpu_s === null || wall_s <= 0 ? [] : [{ wall_s, cpu_s }]
  );
  const sum = (of: (one: { wall_s: number; cpu_s: number }) => number) => timed.reduce((all, one) => all + of(one), 0);
  const occupied_s = sum((one) => one.wall_s) * (request.cpus_per_shard ?? NaN);
  return {
    n_shards: shards.length,
    memory_mib: used(
      shards.flatMap((one) => one.max_rss_bytes ?? []).map((bytes) => bytes / 2 ** 20),
      request.memory?.mib,
    ),
    wall_s: used(shards.flatMap((one) => one.wall_s ?? []), request.time?.s),
    cpus: used(timed.map((one) => one.cpu_s / one.wall_s), request.cpus_per_shard),
    cpu_s: times.cpu_s,
    wasted_cpu_s: times.wasted_cpu_s,
    wasted_attempts: times.failed_attempts,
    lost_attempts: times.lost_attempts,
    cpu_efficiency: occupied_s > 0 && timed.length === shards.length ? sum((one) => one.cpu_s) / occupied_s : null,
  };
}

function used(values: readonly number[], requested: number | null = null): Used | null {
  const sorted = [...Float64Array.from(values).sort()];
  const p95 = quantileSorted(sorted, 0.95);
  if (p95 === undefined) return null;
  return { requested, p95, max: sorted.at(-1) ?? 0 };
}

const mib = (value: number) => `${value.toFixed(0)} MiB`;

/** A row of what was requested and used, in words. */
interface UsageRow {
  what: string;
  used: string;
  /** Empty where nothing is known. */
  requested: string;
}

export function usageRows({ memory_mib, wall_s, cpus, ...usage }: RunUsage): UsageRow[] {
  const row = (what: string, value: Used | null, text: (value: number) => string, of: string): UsageRow[] =>
    value === null ? [] : [{
      what,
      used: `95 % of shards within ${text(value.p95)}, largest ${text(value.max)}`,
      requested: value.requested === null ? "" : `${text(value.requested)} per ${of}`,
    }];
  return [
    ...row("memory", memory_mib, mib, "job"),
    ...row("time", wall_s, shortDuration, "job"),
    ...row("CPUs", cpus, (value) => `${Number(value.toFixed(2))}`, "shard"),
    { what: "CPU time", used: cpuWords(usage), requested: "" },
  ];
}

function cpuWords(
  { cpu_s, cpu_efficiency, wasted_cpu_s, wasted_attempts, lost_attempts }: Omit<
    RunUsage,
    "memory_mib" | "wall_s" | "cpus"
  >,
): string {
  const share = cpu_efficiency === null ? "" : `, efficiency ${percent(cpu_efficiency)}`;
  const wasted = wasted_attempts === 0
    ? []
    : [`${duration(wasted_cpu_s)} wasted in ${plural(wasted_attempts, "failed or superseded attempt")}`];
  const lost = lost_attempts === 0 ? [] : [`unknown for ${plural(lost_attempts, "lost attempt")}`];
  return [`${duration(cpu_s)} in results${share}`, ...wasted, ...lost].join("; ");
}

export const describeUsage = (usage: RunUsage): string[] =>
  usageRows(usage).map(({ what, used, requested }) =>
    `  ${what.padEnd(8)} ${used}${requested === "" ? "" : `; requested ${requested}`}`
  );

/** A flag for the next run of this kind, and how its value was computed. */
export interface NextFlag {
  flag: string;
  value: string;
  why: string;
}

/** Least number of shards whose 95th percentile says something of the next run's. */
const MIN_SHARDS = 20;

/** Ratio of request to advice from which a smaller request is worth a change. */
const MUCH = 1.5;

/** Returns the flags that fit what a whole run used; none from too few shards, or where its requests fit. */
export function nextFlags(usage: RunUsage, request: JobRequest): NextFlag[] {
  if (usage.n_shards < MIN_SHARDS) return [];
  return [...nextMemory(usage, request), ...nextTime(usage, request), ...nextCpus(usage, request)];
}

function nextMemory({ n_shards, memory_mib }: RunUsage, { memory, wrapper_mib }: JobRequest): NextFlag[] {
  if (!memory || !memory_mib) return [];
  const value = memoryToRequest(memory_mib, wrapper_mib);
  if (memory.mib !== null && memory.mib <= MUCH * value) return [];
  const more = wrapper_mib > 0 ? `, + ${mib(wrapper_mib)} for nsfarm-deno` : "";
  const why = `${marginWords(mib(memory_mib.p95), mib(memory_mib.max), n_shards)}${more}`;
  return [{
    flag: `--${memory.name}`,
    value: `${value}M`,
    why: `${why}; requested: ${memory.mib === null ? "none" : mib(memory.mib)}`,
  }];
}

function nextTime({ n_shards, wall_s }: RunUsage, { time, shards_per_job }: JobRequest): NextFlag[] {
  if (!time || time.s === null || !wall_s) return [];
  const value_s = timeToRequest(wall_s, shards_per_job);
  if (time.s <= MUCH * value_s) return [];
  const times = shards_per_job === 1 ? "" : `, × ${shards_per_job} shards per job`;
  const why = `${marginWords(shortDuration(wall_s.p95), shortDuration(wall_s.max), n_shards)}${times}, + ${
    duration(JOB_EXTRA_S)
  }`;
  return [{ flag: `--${time.name}`, value: clockTime(value_s), why: `${why}; requested: ${clockTime(time.s)}` }];
}

function nextCpus({ cpus: used }: RunUsage, { cpus }: JobRequest): NextFlag[] {
  if (!cpus || !used) return [];
  const value = Math.max(1, Math.ceil(used.p95 - 0.1));
  if (value >= cpus.n) return [];
  const why = `95 % of shards used ${used.p95.toFixed(2)} CPUs or fewer; requested: ${cpus.n}`;
  return [{ flag: `--${cpus.name}`, value: `${value}`, why }];
}
