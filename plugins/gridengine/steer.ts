import type { Answer, Command, CommandResult, Handle, RenderContext } from "nsfarm-deno";
import { command, jobName, messageOf, ok } from "./words.ts";

/** Returns the commands of some tasks of each array, by its name: an id may have been reused for another job. */
export function ofTasks(program: "qdel" | "qhold" | "qrls", handles: Handle[], shards: number[] | null): Command[] {
  return handles.flatMap(({ token, chunk }) => {
    if (shards === null) return [command([program, jobName(token)])];
    const tasks = chunk.shards.flatMap((shard, i) => shards.includes(shard) ? [chunk.tasks?.[i] ?? i + 1] : []);
    return ranges(tasks).map((range) => command([program, jobName(token), "-t", range]));
  });
}

/** Returns `3-9` for each range of consecutive tasks: -t accepts one range. */
function ranges(tasks: number[]): string[] {
  const found: [number, number][] = [];
  for (const task of tasks) {
    const last = found.at(-1);
    if (last?.[1] === task - 1) last[1] = task;
    else found.push([task, task]);
  }
  return found.map(([first, last]) => `${first}-${last}`);
}

/** Holds with the hold of a user (qhold(1)): a task that runs goes on, and would be held only if it were rerun. */
export const hold = (_context: RenderContext, handles: Handle[], shards: number[] | null): Command[] =>
  ofTasks("qhold", handles, shards);

/** Releases holds of the user; those of operators and of the system stay (qrls(1)). */
export const release = (_context: RenderContext, handles: Handle[], shards: number[] | null): Command[] =>
  ofTasks("qrls", handles, shards);

/** Divides the limit between the arrays, at least 1 each; 0 is no limit (seen with 8.1.9). */
export function throttle(_context: RenderContext, handles: Handle[], most: number | null): Command[] {
  return handles.map(({ token }, i) => {
    const share = most === null
      ? 0
      : Math.max(1, Math.floor(most / handles.length) + (i < most % handles.length ? 1 : 0));
    return command(["qalter", "-tc", `${share}`, jobName(token)]);
  });
}

/** Reads the result of qhold, qrls or qalter (recorded: gridengine-qhold, -qhold-unknown, -qalter-tc). */
export function readSteer(results: CommandResult[]): Answer<null> {
  const bad = results.find((one) => one.exit_code !== 0 && !/does not exist/.test(one.stdout + one.stderr));
  return bad ? { kind: "unclear", message: messageOf(bad) } : ok(null);
}
