import type { InJob } from "../core/schema/scheduler.ts";

/**
 * Variables of Slurm in a job (sbatch(1), OUTPUT ENVIRONMENT VARIABLES). A job that requested no CPUs has
 * SLURM_CPUS_ON_NODE only.
 */
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

/**
 * Variables of HTCondor in a job. HTCondor gives a job its ids only through its submit file: our scripts receive them
 * as arguments and set NSFARM_CONDOR_*. Cpus of the machine ad are the slot's (HTCondor manual, "_CONDOR_MACHINE_AD");
 * allowed_job_duration counts from the start of the job (condor_submit(1)).
 */
export const HTCONDOR_IN_JOB: InJob = {
  job_id: ["NSFARM_CONDOR_CLUSTER"],
  task_id: ["NSFARM_CONDOR_PROC"],
  slot: ["_CONDOR_SLOT"],
  cpus: [{ variable: "_CONDOR_MACHINE_AD", line: "Cpus = " }],
  ends_at: [{ option: "condor-max-run-time", with: "_CONDOR_MACHINE_AD" }],
  record: ["_CONDOR_SLOT", "NSFARM_CONDOR_CLUSTER", "NSFARM_CONDOR_PROC"],
};
