import type { RenderContext } from "../adapter.ts";
import { listOption } from "../options.ts";

/** CONCURRENCY_LIMIT_DEFAULT of HTCondor, for pools whose negotiator does not answer. */
const USUAL_LIMIT = 2_308_032;

/** Digits of a part of the limit after the point, so that most parts fit in and one more does not. */
const FINE = 1e6;

/**
 * Returns the concurrency limit of a run's jobs, of which each uses one part: the negotiator then starts no job beyond
 * `most` (HTCondor manual, "Concurrency Limits": an undefined limit is CONCURRENCY_LIMIT_DEFAULT, and a job may use
 * any amount of it). It works for jobs in the queue; max_materialize does not, since it counts the held and idle ones.
 */
export function concurrencyLimit({ manifest, limits }: RenderContext, most: number): string {
  const part = Math.floor((limits.concurrency_limit ?? USUAL_LIMIT) / most * FINE) / FINE;
  return `${limitName(manifest)}:${part}`;
}

/** Returns the name of the concurrency limit of a run's jobs. */
export const limitName = ({ farm }: RenderContext["manifest"]): string => `nsfarm_${farm.copy_token ?? farm.run_token}`;

/** A user's line of the submit file that sets concurrency limits. */
const OWN_LIMIT = /^\s*(\+|my\.)?concurrency_?limits\s*=/i;

/** Returns the line that throttles a run's jobs from their submission; none where the user's own lines limit them. */
export function concurrencyLines(context: RenderContext): string[] {
  const own = listOption(context.options, "condor-line").some((line) => OWN_LIMIT.test(line));
  return own || !context.throttle ? [] : [`concurrency_limits = ${concurrencyLimit(context, context.throttle)}`];
}
