import { orElse } from "./errors.ts";
import { durationSeconds } from "./flags.ts";
import type { OptionValue } from "./schema/manifest.ts";
import type { InJob } from "./schema/scheduler.ts";

/** A scheduler, and the variables that its jobs see. */
export interface JobView {
  scheduler: string;
  in_job: InJob;
}

/** Environment and files of the process in the job. */
export interface JobAround {
  /** Returns an environment variable's value; undefined if it is not set. */
  env(name: string): string | undefined;
  /** Returns a file's text, or null. */
  text(path: string): string | null;
}

type Variables = "job_id" | "task_id" | "slot" | "node";

const isSet = (around: JobAround, name: string | undefined): boolean => name === undefined || !!around.env(name);

/** Returns the first of the variables with this meaning that is set, or null. */
export function jobVariable(views: readonly JobView[], what: Variables, around: JobAround): string | null {
  for (const name of views.flatMap(({ in_job }) => in_job[what] ?? [])) {
    const value = around.env(name);
    if (value) return value;
  }
  return null;
}

/** Returns the scheduler and ids of the job that this process runs in; null outside of a job. */
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

/** Returns the number of CPUs allocated to the job; null if unknown. */
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
 * Returns the remaining time of the job in ms; null where its end is unknown.
 * @param now_ms ms since 1970
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

/** A value that is no duration ("UNLIMITED") gives no end. */
function secondsOf(option: string, value: OptionValue | undefined): number | null {
  if (typeof value === "number") return value;
  if (typeof value !== "string") return null;
  return orElse(null, () => durationSeconds(`--${option}`)(value));
}
