import type { InJob } from "../../core/contracts/in_job.ts";
import type { FarmManifest } from "../../core/contracts/manifest.ts";
import type { JobAround, JobView } from "../../core/in_job.ts";
import { IN_JOBS } from "../../schedulers/mod.ts";

/** This process's environment, and the files of its machine. */
export const HERE: JobAround = {
  env: (name) => Deno.env.get(name),
  text: (path) => {
    try {
      return Deno.readTextFileSync(path);
    } catch {
      return null;
    }
  },
};

/**
 * Returns by whose variables a job of a run is seen: its own scheduler's, which the run keeps since it was rendered,
 * then those of the built-in ones, for a shard that somebody runs by hand in a job of another.
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
