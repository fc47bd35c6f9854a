import type { InJob } from "../core/schema/scheduler.ts";
import type { Backend } from "./adapter.ts";
import { HTCONDOR_IN_JOB, SLURM_IN_JOB } from "./in_job.ts";

/** The built-in backends; literal imports, so that the compiled binary holds them and loads only the one in use. */
export const BUILT_IN: Record<string, () => Promise<{ default: Backend }>> = {
  local: () => import("./local.ts"),
  ssh: () => import("./ssh.ts"),
  slurm: () => import("./slurm.ts"),
  htcondor: () => import("./htcondor.ts"),
};

/** What a job sees of the built-in ones, for jobs, which load no adapter. */
export const IN_JOBS: Readonly<Record<string, InJob>> = { slurm: SLURM_IN_JOB, htcondor: HTCONDOR_IN_JOB };
