import type { Answer, Command, CommandResult, Handle, NativeState, RenderContext } from "nsfarm-deno";
import { command, jobName, messageOf, ok } from "./words.ts";

interface Row {
  id: string;
  name: string;
  state: string;
  queue: string;
  tasks: number[];
}

/** Reads the entries of `qstat -xml`; null if the output is truncated. */
function rowsOf({ exit_code, stdout }: CommandResult): Row[] | null {
  if (exit_code !== 0 || !stdout.trimEnd().endsWith("</job_info>")) return null;
  return [...stdout.matchAll(/<job_list [^>]*>([\s\S]*?)<\/job_list>/g)].map(([, body = ""]) => {
    const field = (name: string) => new RegExp(`<${name}>([^<]*)</${name}>`).exec(body)?.[1] ?? "";
    return {
      id: field("JB_job_number"),
      name: field("JB_name"),
      state: field("state"),
      queue: field("queue_name"),
      tasks: tasksIn(field("tasks")),
    };
  });
}

/** Reads `3`, `5-8:1`, `1,2,5-8:1`. */
function tasksIn(list: string): number[] {
  return list.split(",").flatMap((part) => {
    const [, first, last = first, step = "1"] = /^(\d+)(?:-(\d+)(?::(\d+))?)?$/.exec(part) ?? [];
    const count = Math.floor((Number(last) - Number(first)) / Number(step)) + 1;
    return first === undefined ? [] : Array.from({ length: count }, (_, i) => Number(first) + i * Number(step));
  });
}

export function readFind(result: CommandResult, token: string): Answer<string | null> {
  const rows = rowsOf(result);
  if (rows === null) return { kind: "unclear", message: messageOf(result) };
  return ok(rows.find((row) => row.name === jobName(token))?.id ?? null);
}

type ReportedJob = Pick<NativeState, "state" | "native" | "reason">;

/** Letters of qstat(1), "state"; the first match counts. */
const LETTERS: [RegExp, NativeState["state"], string | null][] = [
  [/E/, "held", "Grid Engine could not start it; qstat -j shows why, qmod -cj makes it try again"],
  // `hr`: it runs, and would be held if it were rerun.
  [/h[^rtsST]*$/, "held", "held, by qhold or until another job has ended; qrls releases it"],
  [/d/, "running", "it is being deleted"],
  [/[sST]/, "running", "suspended"],
  [/[rt]/, "running", null],
  [/[qwR]/, "queued", null],
];

function fromLetters(letters: string): ReportedJob {
  const [, state, reason] = LETTERS.find(([pattern]) => pattern.test(letters)) ?? [/ /, "unknown" as const, null];
  return { state, native: letters, reason };
}

export function query(_context: RenderContext, handles: Handle[], round: number): Command[] {
  if (handles.length === 0 || round > 1) return [];
  if (round === 0) return [command(["qstat", "-xml"], 60)];
  return handles.map(({ job_id }) => command(["qacct", "-j", job_id]));
}

export function readQuery(results: CommandResult[], handles: Handle[], round: number): Answer<NativeState[]> {
  if (round > 0) return ok(results.flatMap((result, i) => accounted(result, handles[i])));
  const [result] = results;
  const rows = result && rowsOf(result);
  if (!result || !rows) return { kind: "unclear", message: result ? messageOf(result) : "no query was made" };
  return ok(handles.flatMap((handle) => {
    const mine = rows.filter((row) => row.id === handle.job_id && row.name === jobName(handle.token));
    return mine.flatMap((row) => {
      const host = row.queue.includes("@") ? row.queue.slice(row.queue.indexOf("@") + 1) : null;
      return stateOf(handle, row.tasks, { ...fromLetters(row.state), host });
    });
  }));
}

function stateOf(
  { token, chunk }: Handle,
  tasks: number[],
  reported: ReportedJob & { host: string | null },
): NativeState[] {
  const wanted = new Set(tasks);
  return chunk.shards.flatMap((shard, i) =>
    wanted.has(chunk.tasks?.[i] ?? i + 1) ? [{ token, shard, ...reported }] : []
  );
}

/** Reads the records of `qacct -j`, one for each ended task; there may be none, or no accounting at all. */
function accounted({ exit_code, stdout }: CommandResult, handle: Handle | undefined): NativeState[] {
  if (exit_code !== 0 || !handle) return [];
  const last = new Map<number, NativeState[]>();
  for (const record of stdout.split(/^=+$/m)) {
    const field = (name: string) => new RegExp(`^${name} +(.*?) *$`, "m").exec(record)?.[1] ?? "";
    if (field("jobname") !== jobName(handle.token)) continue;
    const task = Number(field("taskid"));
    const reported = fromAccounting(field("failed"), Number(/^\d+/.exec(field("exit_status"))?.[0]));
    last.set(task, stateOf(handle, [task], { ...reported, host: field("hostname") || null }));
  }
  return [...last.values()].flat();
}

/** Returns the state of an ended task (accounting(5), "failed"; recorded with 8.1.9). */
function fromAccounting(failed: string, exit: number): ReportedJob {
  const native = failed.startsWith("0") ? `exit ${exit}` : failed;
  if (/^37\b/.test(failed)) {
    return { state: "timed_out", native, reason: "it reached h_rt (--gridengine-time), h_cpu or h_vmem" };
  }
  if (/^100\b/.test(failed)) {
    return { state: "failed", native, reason: `killed by signal ${exit - 128}: qdel, or too little memory` };
  }
  if (!/^0\b/.test(failed)) return { state: "failed", native, reason: `Grid Engine could not run it: ${failed}` };
  return { state: exit === 0 ? "done" : "failed", native, reason: null };
}
