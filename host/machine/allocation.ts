import type { FarmManifest } from "../../core/contracts/manifest.ts";
import { durationSeconds } from "../../core/parse_flag.ts";

/**
 * Threads of one shard: what the run says, else what the job was given. SLURM_CPUS_PER_TASK (sbatch(1), OUTPUT
 * ENVIRONMENT VARIABLES), Cpus of the machine ad (HTCondor manual, "_CONDOR_MACHINE_AD"), NSLOTS of a Grid Engine job
 * (submit(1), ENVIRONMENT VARIABLES), else the affinity mask.
 */
export function threadsOf(manifest: FarmManifest): number {
  if (manifest.threads > 0) return manifest.threads;
  return Math.max(1, slurmCpus() ?? condorCpus() ?? gridEngineSlots() ?? navigator.hardwareConcurrency);
}

function slurmCpus(): number | null {
  const text = Deno.env.get("SLURM_CPUS_PER_TASK") ??
    (Deno.env.get("SLURM_JOB_ID") ? Deno.env.get("SLURM_CPUS_ON_NODE") : undefined);
  return positive(text);
}

const gridEngineSlots = (): number | null => Deno.env.get("JOB_ID") ? positive(Deno.env.get("NSLOTS")) : null;

function positive(text: string | undefined): number | null {
  const cpus = Number(text);
  return Number.isInteger(cpus) && cpus > 0 ? cpus : null;
}

function condorCpus(): number | null {
  const path = Deno.env.get("_CONDOR_MACHINE_AD");
  if (!path) return null;
  try {
    const cpus = Number(/^Cpus = (\d+)$/m.exec(Deno.readTextFileSync(path))?.[1]);
    return cpus > 0 ? cpus : null;
  } catch {
    return null;
  }
}

export interface LocalShape {
  slots: number;
  threads: number;
  time_limit_s: number | null;
  /** When the job's time ends, on this process's own clock; absent: never. */
  ends_at_ms?: number;
}

/** Before its time is up a job is asked to end (slurm.conf(5), KillWait): so long before no shard may run any more. */
export const LAST_S = 5;

/**
 * How long this job may run yet, in ms; null: no end is known. Slurm tells its end in seconds since 1970
 * (SLURM_JOB_END_TIME, sbatch(1)); HTCondor's limit counts from the start of the job, which is this process
 * (condor_submit(1), allowed_job_duration).
 */
export function jobTimeLeft_ms({ farm }: FarmManifest): number | null {
  const end_s = Number(Deno.env.get("SLURM_JOB_END_TIME"));
  if (end_s > 0) return end_s * 1000 - Date.now();
  const limit = farm.options["condor-max-run-time"];
  if (typeof limit !== "string" || !Deno.env.has("_CONDOR_MACHINE_AD")) return null;
  return durationSeconds("--condor-max-run-time")(limit) * 1000 - performance.now();
}

/** Slots and threads of a pilot: the CPUs that its job was given, until its time is up. */
export function pilotShape(manifest: FarmManifest, asked_slots: number | null): LocalShape {
  const threads = manifest.threads > 0 ? manifest.threads : 1;
  const cpus = slurmCpus() ?? condorCpus() ?? navigator.hardwareConcurrency;
  const left_ms = jobTimeLeft_ms(manifest);
  return {
    slots: asked_slots ?? Math.max(1, Math.floor(cpus / threads)),
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
