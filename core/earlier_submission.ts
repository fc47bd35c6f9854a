import type { Attempt } from "./schema/attempt.ts";

/**
 * Returns whether an attempt's submission was made before ours; null where it is not recorded, as for a worker loop
 * that a user started. Nothing precedes a submission of ours that is not recorded.
 * @param tokens of the run's submissions, in order
 */
export function isOfEarlier(tokens: readonly string[], its: string | null, ours: string | null): boolean | null {
  const our_place = tokens.indexOf(ours ?? "");
  if (our_place < 0) return false;
  const its_place = tokens.indexOf(its ?? "");
  return its_place < 0 ? null : its_place < our_place;
}

type JobOfRun = Pick<Attempt, "job_id" | "task_id" | "submission_token">;

/**
 * Returns whether an attempt is of our own job, from before its scheduler ran that job again. A scheduler runs a job
 * once at a time, so the attempt is over, whatever machine it was on (HTCondor manual, "Managing a Job"; sbatch(1),
 * --requeue; qmod(1), -rj). Not for worker loops: one job may run several of them.
 */
export function isEarlierExecution(its: JobOfRun, ours: JobOfRun): boolean {
  if (ours.job_id === null || ours.submission_token === null) return false;
  return its.submission_token === ours.submission_token && its.job_id === ours.job_id && its.task_id === ours.task_id;
}
