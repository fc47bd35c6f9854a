import type { InJob } from "../core/schema/scheduler.ts";
import type { Backend } from "./adapter.ts";
import { HTCONDOR_IN_JOB, SLURM_IN_JOB } from "./in_job.ts";

/** Built-in backends. The imports are literal, so that the binary contains them, and lazy, so that it loads one. */
export const BUILT_IN: Record<string, () => Promise<{ default: Backend }>> = {
  local: () => import("./local.ts"),
  ssh: () => import("./ssh.ts"),
  slurm: () => import("./slurm.ts"),
  htcondor: () => import("./htcondor.ts"),
};

/** Variables of the built-in schedulers in a job; jobs load no adapter. */
export const IN_JOBS: Readonly<Record<string, InJob>> = { slurm: SLURM_IN_JOB, htcondor: HTCONDOR_IN_JOB };
