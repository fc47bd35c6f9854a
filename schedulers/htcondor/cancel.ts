import type { Answer, Command, CommandResult, Handle } from "../adapter.ts";
import { saying } from "../command_result.ts";
import { tasksFor } from "../task_groups.ts";
import { bearing } from "./bearing.ts";

/** condor_rm by our own attribute, so that an id given anew is safe. A whole cluster goes with the jobs not made yet. */
export function cancelHTCondor(handles: Handle[], shards: number[] | null): Command[] {
  return handles.flatMap(({ token, chunk }) => {
    const tasks = tasksFor(chunk, shards);
    if (tasks.length === 0) return [];
    const some = shards === null ? "" : ` && member(ProcId, {${tasks.join(", ")}})`;
    return [{ argv: ["condor_rm", "-constraint", `${bearing(token)}${some}`], timeout_s: 120 }];
  });
}

/** None left to remove is no error, though condor_rm exits 1 (recorded: condor-rm-nonexistent). */
export function readHTCondorCancel(results: CommandResult[]): Answer<null> {
  const bad = results.find((result) => result.exit_code !== 0 && !isNoneLeft(result));
  return bad ? { kind: "unclear", message: saying(bad) } : { kind: "ok", value: null };
}

const isNoneLeft = ({ exit_code, stderr }: CommandResult): boolean =>
  exit_code === 1 && /Couldn't find\/remove all jobs/.test(stderr) && !/Failed to connect|CEDAR|SECMAN/.test(stderr);
