import type { ProcessId } from "./contracts/attempt.ts";
import type { InJob } from "./contracts/in_job.ts";
import type { Cause } from "./contracts/kinds.ts";
import type { FarmManifest, Plan } from "./contracts/manifest.ts";
import { recordFault } from "./check_record.ts";
import { ShardRecord } from "./contracts/shard_record.ts";
import { causeOfEnd, tailLines } from "./find_cause.ts";
import { type JobFacts, numberIn, textIn } from "./job_facts.ts";
import { jobTime } from "./job_time.ts";
import { newRecord } from "./record.ts";
import { recordedEnvironment } from "./recorded_environment.ts";
import { nextstatFault } from "./run_nextstats.ts";

/** Less than this free where a fit failed, in kB, is told as a full disk. */
const FULL_DISK_KB = 64;

/** The cause that the wrapper's facts show; ok only says that the output is worth a look. */
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

/** Whether the disk there was full when the fit had ended: what it left is then as good as nothing. */
export function isDiskFull(facts: JobFacts): boolean {
  const free = numberIn(facts, "disk_free_kb");
  return free !== null && free < FULL_DISK_KB;
}

/**
 * Our record, from what the sh wrapper could know; the rest is null.
 * @param in_jobs whose variables it may hold
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
    threads: whole(facts, "threads"),
    load_average_start: loads(facts, "load_start"),
    load_average_end: loads(facts, "load_end"),
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

/** The record that nsfarm-deno itself made on another machine, as this attempt's; null where there is none of this shard. */
export function sentRecord(
  manifest: FarmManifest,
  plan: Plan,
  attempt: number,
  facts: JobFacts,
): ShardRecord | null {
  const parsed = ShardRecord.safeParse(parsedJson(textIn(facts, "record") ?? "null"));
  if (!parsed.success) return null;
  const record = { ...parsed.data, attempt, out_sha256: null, out_bytes: null };
  return recordFault(manifest, plan, { ...record, cause: "ok" }) === null ? record : null;
}

function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** The process that the wrapper was, as far as it could tell. */
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

/** What there was not the run's: its nextstat, or a file that it reads; null where nothing tells of such a thing. */
export function jobFilesFault(manifest: FarmManifest, facts: JobFacts): string | null {
  const { nextstat_version, inputs } = manifest.farm;
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

function loads(facts: JobFacts, key: string): number[] | null {
  const values = (textIn(facts, key) ?? "").split(" ").map(Number);
  return values.length === 3 && values.every(Number.isFinite) ? values : null;
}
