import { durationSeconds } from "./flags.ts";
import type { OptionValue } from "./schema/manifest.ts";
import type { InJob } from "./schema/scheduler.ts";

/** A scheduler, and what a job sees of it. */
export interface JobView {
  scheduler: string;
  in_job: InJob;
}

/** What a process can ask about the job around it. */
export interface JobAround {
  /** @returns an environment variable's value; undefined where it is not set */
  env(name: string): string | undefined;
  /** @returns a file's text, or null */
  text(path: string): string | null;
}

type Variables = "job_id" | "task_id" | "slot" | "node";

const isSet = (around: JobAround, name: string | undefined): boolean => name === undefined || !!around.env(name);

/** Returns the value of the first variable of that meaning that is set, or null. */
export function jobVariable(views: readonly JobView[], what: Variables, around: JobAround): string | null {
  for (const name of views.flatMap(({ in_job }) => in_job[what] ?? [])) {
    const value = around.env(name);
    if (value) return value;
  }
  return null;
}

/** Returns the scheduler whose job this is, with its ids; null where no job is seen. */
export function idsOfJob(
  views: readonly JobView[],
  around: JobAround,
): { scheduler: string; job_id: string; task_id: string | null } | null {
  for (const view of views) {
    const job_id = jobVariable([view], "job_id", around);
    if (job_id !== null) return { scheduler: view.scheduler, job_id, task_id: jobVariable([view], "task_id", around) };
  }
  return null;
}

/** Returns how many CPUs the job was given; null where nothing tells. */
export function cpusOfJob(views: readonly JobView[], around: JobAround): number | null {
  for (const { variable, with: beside, line } of views.flatMap(({ in_job }) => in_job.cpus ?? [])) {
    const value = isSet(around, beside) ? around.env(variable) : undefined;
    const cpus = Number(value && line !== undefined ? afterText(around.text(value) ?? "", line) : value);
    if (Number.isInteger(cpus) && cpus > 0) return cpus;
  }
  return null;
}

const afterText = (text: string, begin: string) =>
  text.split("\n").find((line) => line.startsWith(begin))?.slice(begin.length).trim();

/**
 * Returns how long the job may run yet, in ms; null where no end is known.
 * @param now_ms the time since 1970
 * @param runs_ms how long the job has run
 */
export function timeOfJobLeft_ms(
  views: readonly JobView[],
  around: JobAround,
  options: Readonly<Record<string, OptionValue>>,
  { now_ms, runs_ms }: { now_ms: number; runs_ms: number },
): number | null {
  for (const { variable, option, with: beside } of views.flatMap(({ in_job }) => in_job.ends_at ?? [])) {
    if (!isSet(around, beside)) continue;
    const end_s = variable === undefined ? 0 : Number(around.env(variable));
    if (end_s > 0) return end_s * 1000 - now_ms;
    const limit_s = option === undefined ? null : secondsOf(option, options[option]);
    if (limit_s !== null) return limit_s * 1000 - runs_ms;
  }
  return null;
}

/** A value that is no duration ("UNLIMITED") tells of no end. */
function secondsOf(option: string, value: OptionValue | undefined): number | null {
  if (typeof value === "number") return value;
  if (typeof value !== "string") return null;
  try {
    return durationSeconds(`--${option}`)(value);
  } catch {
    return null;
  }
}
