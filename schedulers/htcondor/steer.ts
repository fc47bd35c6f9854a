import type { Answer, Command, CommandResult, Handle, RenderContext } from "../adapter.ts";
import { commandMessage } from "../command_result.ts";
import { tasksFor } from "../tasks.ts";
import { concurrencyLimit, limitName } from "./concurrency.ts";
import { hasLateJobs, jobConstraint } from "./query.ts";
import { adString } from "./submit_file.ts";

/** Marks our holds: HTCondor leaves subcodes of holds by a user to that user (condor_hold(1), -subcode). */
const OUR_SUBCODE = 4747;
const OUR_REASON = "nsfarm-deno pause";

/** Job states (HTCondor manual, "Job Status Codes"). */
const IDLE = "JobStatus == 1";
const HELD = `JobStatus == 5 && HoldReasonCode == 1 && HoldReasonSubCode == ${OUR_SUBCODE}`;

/**
 * Returns condor_hold for jobs that are idle at that very moment. With late materialization the cluster first creates
 * no more jobs (JobMaterializePaused, seen with 23.9.6: condor_hold of a cluster would also hold the jobs that run).
 */
export const holdHTCondor = (context: RenderContext, handles: Handle[], shards: number[] | null): Command[] => [
  ...materialize(context, handles, 1),
  ...selected(handles, shards, IDLE).map((which) =>
    command("condor_hold", "-reason", OUR_REASON, "-subcode", `${OUR_SUBCODE}`, "-constraint", which)
  ),
];

/** Returns condor_release for jobs with our mark: a hold by a person or by HTCondor has another code. */
export const releaseHTCondor = (context: RenderContext, handles: Handle[], shards: number[] | null): Command[] => [
  ...selected(handles, shards, HELD).map((which) => command("condor_release", "-constraint", which)),
  ...materialize(context, handles, 0),
];

const command = (...argv: string[]): Command => ({ argv, timeout_s: 120 });

function selected(handles: Handle[], shards: number[] | null, state: string): string[] {
  return handles.flatMap(({ token, chunk }) => {
    const tasks = tasksFor(chunk, shards);
    if (tasks.length === 0) return [];
    const some = shards === null ? "" : ` && member(ProcId, {${tasks.join(", ")}})`;
    return [`${jobConstraint(token)} && ${state}${some}`];
  });
}

const materialize = ({ options }: RenderContext, handles: Handle[], paused: 0 | 1): Command[] =>
  hasLateJobs(options)
    ? handles.map(({ job_id }) => command("condor_qedit", job_id, "JobMaterializePaused", `${paused}`))
    : [];

/**
 * Returns condor_qedit; concurrency limits of the user's own are left alone. With late materialization the cluster is
 * edited, so that jobs which do not exist yet have the limit too: a constraint selects only jobs (seen with 23.9.6).
 */
export function throttleHTCondor(context: RenderContext, handles: Handle[], most: number | null): Command[] {
  const value = most === null ? "undefined" : adString(concurrencyLimit(context, most));
  const ours = `(ConcurrencyLimits =?= undefined || regexp("^${limitName(context.manifest)}:", ConcurrencyLimits))`;
  return handles.map(({ job_id, token }) => {
    const which = hasLateJobs(context.options) ? [job_id] : ["-constraint", `${jobConstraint(token)} && ${ours}`];
    return command("condor_qedit", ...which, "ConcurrencyLimits", value);
  });
}

/** Messages where no job is left (recorded: condor-hold-none, condor-release-none, condor-qedit-none). */
const NONE = /Couldn't find\/(hold|release) all jobs|Queue transaction failed|no matching jobs/i;
const NO_ANSWER = /Failed to connect|Can't find address|CEDAR|SECMAN|AUTHENTICATE|[Tt]imed out/;

export function readHTCondorSteer(results: CommandResult[]): Answer<null> {
  const bad = results.find(({ exit_code, stderr }) =>
    exit_code !== 0 && (exit_code !== 1 || !NONE.test(stderr) || NO_ANSWER.test(stderr))
  );
  return bad ? { kind: "unclear", message: commandMessage(bad) } : { kind: "ok", value: null };
}
