/** A submission's token in the name of its jobs, and in their comment: either is enough to know it again. */
export const jobTag = (token: string): string => `nsfarm-${token}`;
export const jobComment = (token: string): string => `nsfarm:${token}`;

/** The name of a submission's jobs, as a person reads it in the queue: the run first, for a queue shows few letters. */
export const jobName = (run_id: string, token: string): string => `${run_id}-${jobTag(token)}`;

/** Whether a job's name or comment bears this token. An empty token fits nothing. */
export function bearsToken(text: string, token: string): boolean {
  return token !== "" && (text.includes(jobTag(token)) || text.includes(jobComment(token)));
}
