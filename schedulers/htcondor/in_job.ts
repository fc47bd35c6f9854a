import type { InJob } from "../../core/contracts/in_job.ts";

/**
 * HTCondor tells a job its ids only where its submit file does: our scripts get them as words, and set the variables
 * NSFARM_CONDOR_*. Cpus of the machine ad are the slot's (HTCondor manual, "_CONDOR_MACHINE_AD"); allowed_job_duration
 * counts from the start of the job (condor_submit(1)).
 */
export const HTCONDOR_IN_JOB: InJob = {
  job_id: ["NSFARM_CONDOR_CLUSTER"],
  task_id: ["NSFARM_CONDOR_PROC"],
  slot: ["_CONDOR_SLOT"],
  cpus: [{ variable: "_CONDOR_MACHINE_AD", line: "Cpus = " }],
  ends_at: [{ option: "condor-max-run-time", with: "_CONDOR_MACHINE_AD" }],
  record: ["_CONDOR_SLOT", "NSFARM_CONDOR_CLUSTER", "NSFARM_CONDOR_PROC"],
};
