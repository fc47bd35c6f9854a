import type { Answer, Command, CommandResult, Handle } from "../adapter.ts";
import { isEvery, saying } from "../command_result.ts";
import { jobTag } from "../job_name.ts";
import { formatIndexes } from "../index_ranges.ts";
import { tasksFor } from "../task_groups.ts";

/**
 * All of a submission by its name alone, which no other submission has: a site's sbatch may have queued it twice. Some of
 * its tasks by the id and the name: a job must have both (scancel(1)), so that an id given anew to another job is safe.
 */
export function cancelSlurm(handles: Handle[], shards: number[] | null): Command[] {
  return handles.flatMap((handle) => {
    const { job_id, chunk } = handle;
    const tasks = tasksFor(chunk, shards);
    if (tasks.length === 0) return [];
    const which = shards === null ? [] : [`${job_id}_[${formatIndexes(tasks)}]`];
    return [{ argv: ["scancel", "--me", `--name=${submittedName(handle)}`, ...which], timeout_s: 120 }];
  });
}

/** The name that its jobs were given; those of earlier versions had the token alone. */
function submittedName({ command = [], token }: Handle): string {
  const flag = "--job-name=";
  return command.find((word) => word.startsWith(flag))?.slice(flag.length) ?? jobTag(token);
}

/** A job that is gone, or about to go, cannot be cancelled, and that is fine (slurm_errno.h, ESLURM_*JOB_ID, _ALREADY_DONE). */
const GONE = /Invalid job id specified|already completing or completed/;

/** Mostly jobs that have ended are exit 0 and not a word (recorded: slurm-scancel-finished-task, -nonexistent). */
export function readSlurmCancel(results: CommandResult[]): Answer<null> {
  const bad = results.find((result) => result.exit_code !== 0 && !isEvery(result.stderr, GONE));
  return bad ? { kind: "unclear", message: saying(bad) } : { kind: "ok", value: null };
}
