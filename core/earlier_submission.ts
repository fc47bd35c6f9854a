import type { Attempt } from "./schema/attempt.ts";
import type { Submission } from "./schema/submit_meta.ts";

/**
 * Returns the tokens of submissions in generations, oldest first: jobs of one generation may run at the same time, and
 * those of the next are submitted only after the jobs of their shards have ended. Pilots that were added join in.
 */
export function generationsOf(submissions: readonly Pick<Submission, "token" | "joins">[]): string[][] {
  const generations: string[][] = [];
  for (const { token, joins } of submissions) {
    const last = generations.at(-1);
    if (joins && last) last.push(token);
    else generations.push([token]);
  }
  return generations;
}

/**
 * Returns whether an attempt's submission is of an earlier generation than ours; null where it is not recorded, as for a worker loop
 * that a user started. Nothing precedes a submission of ours that is not recorded.
 * @param generations tokens of the run's submissions
 */
export function isOfEarlier(
  generations: readonly (readonly string[])[],
  its: string | null,
  ours: string | null,
): boolean | null {
  const placeOf = (token: string | null) => generations.findIndex((one) => one.includes(token ?? ""));
  const our_place = placeOf(ours);
  if (our_place < 0) return false;
  const its_place = placeOf(its);
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
