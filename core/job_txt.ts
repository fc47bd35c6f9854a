import { nextstatFault } from "./check_manifest.ts";
import { recordFault } from "./check_result.ts";
import { orElse } from "./errors.ts";
import { causeOfEnd, FULL_DISK_KB, tailLines } from "./failure.ts";
import { secondsOf } from "./format.ts";
import { readGlibc } from "./glibc.ts";
import { newRecord, recordedEnvironment } from "./record.ts";
import type { ProcessId } from "./schema/attempt.ts";
import type { Cause } from "./schema/enums.ts";
import type { FarmManifest, Plan } from "./schema/manifest.ts";
import type { InJob } from "./schema/scheduler.ts";
import { ShardRecord } from "./schema/shard_record.ts";
import { startFiles } from "./staging.ts";

/** First line of a job.txt, which names the format. */
export const JOB_FACTS = "nsfarm-job-1";

/** Facts that the sh wrapper writes about one attempt: KEY=VALUE lines, the last of them end=1. */
export interface JobFacts {
  /** Whether the wrapper reached its end; if not, it still runs or was killed with its job. */
  ended: boolean;
  values: ReadonlyMap<string, string>;
  stderr: string[];
  environment: Record<string, string>;
}

/** Reads a job.txt; undefined if it has another format. Keeps unknown keys, since a newer wrapper may write more. */
export function readJobFacts(text: string): JobFacts | undefined {
  const values = new Map<string, string>();
  const stderr: string[] = [];
  const environment: Record<string, string> = {};
  for (const line of text.split("\n")) {
    const cut = line.indexOf("=");
    if (cut < 1) continue;
    const [key, value] = [line.slice(0, cut), line.slice(cut + 1)];
    if (key === "stderr") stderr.push(value);
    else if (key.startsWith("env.")) environment[key.slice(4)] = value;
    else values.set(key, value);
  }
  if (!values.has("format") || !values.has("run_token")) return undefined;
  return { ended: values.get("end") === "1", values, stderr, environment };
}

/** Reads a number of 0 or more that a script printed. */
export function readNumber(text: string | null): number | null {
  const value = Number(text ?? NaN);
  return Number.isFinite(value) && value >= 0 ? value : null;
}

/** Reads the three load averages that a script printed. */
export function readLoads(text: string | null): number[] | null {
  const values = (text ?? "").split(" ").map(Number);
  return values.length === 3 && values.every((value) => Number.isFinite(value) && value >= 0) ? values : null;
}

export const numberIn = (facts: JobFacts, key: string): number | null => readNumber(textIn(facts, key));

export const textIn = (facts: JobFacts, key: string): string | null => facts.values.get(key) || null;

/** Returns the job.txt of an attempt that nsfarm-deno ran where it could not commit; it contains the whole record. */
export function sentFacts(
  record: ShardRecord,
  process: ProcessId,
  more: { attempt: string; submission_token: string | null; metrics_bytes: number | null },
): string {
  const { attempt, submission_token, metrics_bytes } = more;
  const values = {
    format: JOB_FACTS,
    run_token: record.run_token,
    shard: record.shard_index,
    attempt,
    submission_token,
    ...process,
    out_bytes: record.out_bytes,
    metrics_bytes,
    // Its clock was compared with its own disk, not with the file server.
    record: JSON.stringify({ ...record, clock_offset_s: null }),
    end: 1,
  };
  return Object.entries(values).map(([key, value]) => `${key}=${value ?? ""}\n`).join("");
}

/** Least difference of the wrapper's two clocks, in seconds, that shows that one was set in between. */
const STEP_S = 0.05;
/** The same where `date` has only whole seconds. */
const COARSE_STEP_S = 1.5;

/**
 * Returns start and end of an attempt of the sh wrapper. The end is start plus duration: by /proc/uptime where it and
 * `date` disagree, since the clock of `date` may be set; null where neither has a value.
 */
export function jobTime(
  facts: JobFacts,
): Pick<ShardRecord, "started_at_utc" | "finished_at_utc" | "wall_s" | "clock"> {
  const [started, finished] = [numberIn(facts, "started"), numberIn(facts, "finished")];
  const [from, to] = [numberIn(facts, "uptime_started"), numberIn(facts, "uptime_finished")];
  const by_date = started === null || finished === null ? null : finished - started;
  const by_uptime = from === null || to === null || to < from ? null : to - from;
  const is_coarse = Number.isInteger(started) && Number.isInteger(finished);
  const off = by_date === null || by_uptime === null ? null : by_date - by_uptime;
  const is_set = off !== null && Math.abs(off) > (is_coarse ? COARSE_STEP_S : STEP_S);
  const took = is_set || is_coarse ? by_uptime ?? by_date : by_date ?? by_uptime;
  const wall_s = took === null || took < 0 ? null : secondsOf(took * 1000);
  const clock = {
    boot_id: textIn(facts, "boot_id"),
    started_boot_s: from,
    step_s: is_set ? secondsOf(off * 1000) : off && 0,
  };
  return {
    started_at_utc: utc(started),
    finished_at_utc: utc(started === null ? null : started + (wall_s ?? 0)),
    wall_s,
    ...(from === null ? {} : { clock }),
  };
}

/** Seconds since 1970 as a stamp; 1970 itself where the node could not tell the time. */
const utc = (seconds: number | null) => new Date((seconds ?? 0) * 1000).toISOString();

/** Returns the cause that the wrapper's facts show; `ok` means only that the output is worth checking. */
export function causeOfJob(facts: JobFacts): Cause {
  const exit_code = whole(facts, "exit_code");
  const [before, after] = [numberIn(facts, "oom_kills_before"), numberIn(facts, "oom_kills_after")];
  if (exit_code === 126 || exit_code === 127) return "spawn";
  const cause = causeOfEnd({
    exit_code,
    signal: textIn(facts, "signal"),
    stderr: facts.stderr.join("\n"),
    stopped: textIn(facts, "stopped") ? "terminated" : null,
    oom_kills: before === null || after === null ? null : after - before,
  });
  return cause === "exit" && isDiskFull(facts) ? "disk" : cause;
}

/** Returns whether the disk was full at the end of the fit; files left behind are then useless. */
export function isDiskFull(facts: JobFacts): boolean {
  const free = numberIn(facts, "disk_free_kb");
  return free !== null && free < FULL_DISK_KB;
}

/**
 * Returns our record from the wrapper's facts; unknown members are null.
 * @param in_jobs schedulers whose variables it may contain
 */
export function jobRecord(
  manifest: FarmManifest,
  plan: Plan,
  attempt: number,
  facts: JobFacts,
  cause: Cause,
  in_jobs: readonly InJob[],
): ShardRecord {
  const logical = whole(facts, "cpus_logical");
  const memory_kb = numberIn(facts, "memory_kb");
  return newRecord(manifest, plan, attempt, {
    scheduler: textIn(facts, "scheduler") ?? manifest.scheduler,
    job_id: textIn(facts, "job_id"),
    task_id: textIn(facts, "task_id"),
    slot: textIn(facts, "slot"),
    wrapper: "sh",
    nextstat_version: textIn(facts, "nextstat_version")?.replace(/^nextstat\s+/, "") ?? null,
    host: textIn(facts, "host") ?? "unknown",
    cpu_model: textIn(facts, "cpu_model"),
    cpus_logical: logical,
    cpus_physical: whole(facts, "cpus_physical") ?? logical,
    memory_bytes: memory_kb === null ? null : memory_kb * 1024,
    kernel: textIn(facts, "kernel"),
    glibc: readGlibc(textIn(facts, "glibc")),
    threads: whole(facts, "threads"),
    load_average_start: readLoads(textIn(facts, "load_start")),
    load_average_end: readLoads(textIn(facts, "load_end")),
    uptime_s: numberIn(facts, "uptime_s"),
    ...jobTime(facts),
    cpu_user_s: numberIn(facts, "cpu_user_s"),
    cpu_system_s: numberIn(facts, "cpu_system_s"),
    exit_code: whole(facts, "exit_code"),
    signal: textIn(facts, "signal"),
    cause,
    stderr_tail: tailLines(facts.stderr.join("\n")),
    inputs: manifest.farm.inputs.map((input, i) => ({
      ...input,
      sha256: sumIn(facts, `input_sha256.${i}`) ?? input.sha256,
    })),
    nextstat_sha256: sumIn(facts, "nextstat_sha256"),
    environment: recordedEnvironment(facts.environment, in_jobs),
  });
}

/** Returns the record that nsfarm-deno made on another machine for this attempt; null if it has none of this shard. */
export function sentRecord(
  manifest: FarmManifest,
  plan: Plan,
  attempt: number,
  facts: JobFacts,
): ShardRecord | null {
  const parsed = ShardRecord.safeParse(orElse(null, (): unknown => JSON.parse(textIn(facts, "record") ?? "null")));
  if (!parsed.success) return null;
  const record = { ...parsed.data, attempt, out_sha256: null, out_bytes: null };
  return recordFault(manifest, plan, { ...record, cause: "ok" }) === null ? record : null;
}

/** Returns the wrapper's process, as far as it is known. */
export function jobProcess(facts: JobFacts): ProcessId {
  return {
    host: textIn(facts, "host") ?? "unknown",
    boot_id: textIn(facts, "boot_id") ?? "unknown",
    pid: whole(facts, "pid") || 1,
    start_ticks: textIn(facts, "start_ticks") ?? "0",
  };
}

function sumIn(facts: JobFacts, key: string): string | null {
  const sum = textIn(facts, key);
  return sum && /^[0-9a-f]{64}$/.test(sum) ? sum : null;
}

/** Returns which file on the node was not the run's: its nextstat or an input; null where nothing shows one. */
export function jobFilesFault(manifest: FarmManifest, facts: JobFacts): string | null {
  const { nextstat_version } = manifest.farm;
  const inputs = [...manifest.farm.inputs, ...startFiles(manifest)];
  const version = textIn(facts, "nextstat_version")?.replace(/^nextstat\s+/, "") ?? nextstat_version;
  if (version !== nextstat_version) {
    return `nextstat there is version ${version}, the run was rendered with ${nextstat_version}`;
  }
  const changed = inputs.find(({ sha256 }, i) => (sumIn(facts, `input_sha256.${i}`) ?? sha256) !== sha256);
  if (changed) return `"${changed.path}" there is not the file that the run was rendered with`;
  const what = nextstatFault(manifest, sumIn(facts, "nextstat_sha256"));
  return what && `nextstat there is not the file that the run was rendered with: ${what}`;
}

function whole(facts: JobFacts, key: string): number | null {
  const value = numberIn(facts, key);
  return value !== null && Number.isInteger(value) ? value : null;
}
