import type { FarmManifest } from "../../core/contracts/manifest.ts";
import { cpusOfJob, timeOfJobLeft_ms } from "../../core/in_job.ts";
import { durationSeconds } from "../../core/parse_flag.ts";
import { HERE, jobViews } from "./job_view.ts";

/** Threads of one shard: what the run says, else the CPUs that the job was given, else the affinity mask. */
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

/** Before its time is up a job is asked to end (slurm.conf(5), KillWait): so long before no shard may run any more. */
export const LAST_S = 5;

/** How long this job may run yet, in ms, where its start is this process's; null: no end is known. */
export function jobTimeLeft_ms(manifest: FarmManifest): number | null {
  const clocks = { now_ms: Date.now(), runs_ms: performance.now() };
  return timeOfJobLeft_ms(jobViews(manifest), HERE, manifest.farm.options, clocks);
}

/** Slots and threads of a pilot: the CPUs that its job was given, until its time is up. */
export function pilotShape(manifest: FarmManifest, asked_slots: number | null): LocalShape {
  const threads = manifest.threads > 0 ? manifest.threads : 1;
  const left_ms = jobTimeLeft_ms(manifest);
  return {
    slots: asked_slots ?? Math.max(1, Math.floor(cpusHere(manifest) / threads)),
    threads,
    time_limit_s: null,
    ...(left_ms === null ? {} : { ends_at_ms: performance.now() + left_ms - LAST_S * 1000 }),
  };
}

/** Slots and threads of a worker loop on this machine: --threads 0 is one thread a shard, on every CPU. */
export function localShape(manifest: FarmManifest, asked_slots: number | null): LocalShape {
  const cpus = navigator.hardwareConcurrency;
  const threads = manifest.threads > 0 ? manifest.threads : 1;
  const option = manifest.farm.options["local-slots"];
  const slots = asked_slots ?? (typeof option === "number" ? option : Math.max(1, Math.floor(cpus / threads)));
  const time = manifest.farm.options["local-time"];
  return { slots, threads, time_limit_s: typeof time === "string" ? durationSeconds("--local-time")(time) : null };
}
