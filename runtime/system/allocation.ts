import { orElse } from "../../core/errors.ts";
import { durationSeconds } from "../../core/flags.ts";
import { cpusOfJob, type JobAround, type JobView, timeOfJobLeft_ms } from "../../core/in_job.ts";
import type { FarmManifest } from "../../core/schema/manifest.ts";
import type { InJob } from "../../core/schema/scheduler.ts";
import { IN_JOBS } from "../../schedulers/mod.ts";

/** This process's environment, and the files of its machine. */
export const HERE: JobAround = {
  env: (name) => Deno.env.get(name),
  text: (path) => orElse(null, () => Deno.readTextFileSync(path)),
};

/**
 * Returns the environment variables by which a job of a run is recognized: those of its own scheduler, kept in the run
 * since its rendering, then those of the built-in ones, for a shard that a user runs by hand in a job of another
 * scheduler.
 */
export function jobViews(manifest?: FarmManifest): JobView[] {
  const scheduler = manifest?.scheduler ?? "";
  const own = manifest?.farm.in_job ?? (Object.hasOwn(IN_JOBS, scheduler) ? IN_JOBS[scheduler] : undefined);
  const others = Object.entries(IN_JOBS).filter(([name]) => name !== scheduler);
  return [
    ...(own ? [{ scheduler, in_job: own }] : []),
    ...others.map(([name, in_job]) => ({ scheduler: name, in_job })),
  ];
}

/** Returns the same without the names. */
export const inJobsOf = (manifest: FarmManifest): InJob[] => jobViews(manifest).map(({ in_job }) => in_job);

/** Returns the threads of one shard: the run's value, else the CPUs of the job, else the affinity mask. */
export function threadsOf(manifest: FarmManifest): number {
  return manifest.threads > 0 ? manifest.threads : cpusHere(manifest);
}

const cpusHere = (manifest: FarmManifest): number =>
  cpusOfJob(jobViews(manifest), HERE) ?? navigator.hardwareConcurrency;

export interface LocalShape {
  slots: number;
  threads: number;
  time_limit_s: number | null;
  /** When the job's time ends, on this process's own clock; absent: never. */
  ends_at_ms?: number;
}

/** Seconds before the end of the job's time at which no shard may run: it is signalled before (slurm.conf(5)). */
export const LAST_S = 5;

/** Returns the remaining time of this job in ms, for a job whose start is this process's; null: no end is known. */
export function jobTimeLeft_ms(manifest: FarmManifest): number | null {
  const clocks = { now_ms: Date.now(), runs_ms: performance.now() };
  return timeOfJobLeft_ms(jobViews(manifest), HERE, manifest.farm.options, clocks);
}

/** Returns slots and threads of a pilot: the CPUs of its job, until its time is up. */
export function pilotShape(manifest: FarmManifest, requested_slots: number | null): LocalShape {
  const threads = manifest.threads > 0 ? manifest.threads : 1;
  const left_ms = jobTimeLeft_ms(manifest);
  return {
    slots: requested_slots ?? Math.max(1, Math.floor(cpusHere(manifest) / threads)),
    threads,
    time_limit_s: null,
    ...(left_ms === null ? {} : { ends_at_ms: performance.now() + left_ms - LAST_S * 1000 }),
  };
}

/** Returns slots and threads of a worker loop on this machine: --threads 0 is one thread a shard, on every CPU. */
export function localShape(
  manifest: Pick<FarmManifest, "threads"> & { farm: Pick<FarmManifest["farm"], "options"> },
  requested_slots: number | null,
): LocalShape {
  const cpus = navigator.hardwareConcurrency;
  const threads = manifest.threads > 0 ? manifest.threads : 1;
  const option = manifest.farm.options["local-slots"];
  const slots = requested_slots ?? (typeof option === "number" ? option : Math.max(1, Math.floor(cpus / threads)));
  const time = manifest.farm.options["local-time"];
  return { slots, threads, time_limit_s: typeof time === "string" ? durationSeconds("--local-time")(time) : null };
}
