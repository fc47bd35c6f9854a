/** A submission's token in the name of its jobs, and in their comment: either is enough to know it again. */
export const jobName = (token: string): string => `nsfarm-${token}`;
export const jobComment = (token: string): string => `nsfarm:${token}`;

/** Whether a job's name or comment bears this token. An empty token fits nothing. */
export function bearsToken(text: string, token: string): boolean {
  return token !== "" && (text.includes(jobName(token)) || text.includes(jobComment(token)));
}
