import type { JobIds } from "./workbench.ts";

/** The scheduler's ids of this job, from the variables that each scheduler sets. */
export function jobIds(scheduler: string, submission_token: string | null): JobIds {
  const env = (name: string) => Deno.env.get(name) || null;
  const token = submission_token ?? env("NSFARM_TOKEN");
  if (env("SLURM_JOB_ID")) {
    const job_id = env("SLURM_ARRAY_JOB_ID") ?? env("SLURM_JOB_ID");
    return { scheduler: "slurm", job_id, task_id: env("SLURM_ARRAY_TASK_ID"), submission_token: token };
  }
  if (env("NSFARM_CONDOR_CLUSTER")) {
    return {
      scheduler: "htcondor",
      job_id: env("NSFARM_CONDOR_CLUSTER"),
      task_id: env("NSFARM_CONDOR_PROC"),
      submission_token: token,
    };
  }
  if (env("SGE_TASK_ID")) {
    return { scheduler: "gridengine", job_id: env("JOB_ID"), task_id: env("SGE_TASK_ID"), submission_token: token };
  }
  return { scheduler, job_id: null, task_id: null, submission_token: token };
}
