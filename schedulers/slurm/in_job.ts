import type { InJob } from "../../core/contracts/in_job.ts";

/** Source: sbatch(1), OUTPUT ENVIRONMENT VARIABLES. A job that asked for no CPUs has those of SLURM_CPUS_ON_NODE. */
export const SLURM_IN_JOB: InJob = {
  job_id: ["SLURM_ARRAY_JOB_ID", "SLURM_JOB_ID"],
  task_id: ["SLURM_ARRAY_TASK_ID"],
  node: ["SLURMD_NODENAME"],
  cpus: [{ variable: "SLURM_CPUS_PER_TASK" }, { variable: "SLURM_CPUS_ON_NODE", with: "SLURM_JOB_ID" }],
  ends_at: [{ variable: "SLURM_JOB_END_TIME" }],
  record: [
    "SLURM_JOB_ID",
    "SLURM_ARRAY_JOB_ID",
    "SLURM_ARRAY_TASK_ID",
    "SLURM_RESTART_COUNT",
    "SLURM_CLUSTER_NAME",
    "SLURM_JOB_PARTITION",
    "SLURM_CPUS_PER_TASK",
    "SLURMD_NODENAME",
  ],
};
