import type { Answer, Command, CommandResult, Handle, NativeState, RenderContext } from "../adapter.ts";
import { isCutShort, saying } from "../command_result.ts";
import { readIndexes } from "../index_ranges.ts";
import { bearsToken } from "../job_name.ts";
import { shardsByTask } from "../task_groups.ts";
import { type SlurmTask, taskState } from "./task_state.ts";

/**
 * One line a task, marked, with what may hold anything last: a job's name can have line breaks and `|` in it (recorded:
 * slurm-squeue-name-newline). Text and --array rather than --json: squeue's JSON has one row for all pending tasks,
 * whose list it cuts short at 64 characters and cannot expand (measured with 24.11.5), 8 kB for each job, and is not
 * in every Slurm.
 */
const QUEUE_FORMAT = "nsfarm|%i|%T|%r|%N|%k|%j";

/** Round 0: the queue, which also tells of jobs that ended less than MinJobAge ago. Round 1: accounting. */
export function querySlurm({ limits }: RenderContext, handles: Handle[], round: number): Command[] {
  const ids = [...new Set(handles.map(({ job_id }) => job_id).filter(isJobId))].join(",");
  if (ids === "") return [];
  if (round === 0) {
    // With its header: an answer without a line at all is none, as of a wrapper, or of no cluster.
    const argv = ["squeue", "--array", "--states=all", `--jobs=${ids}`, `--format=${QUEUE_FORMAT}`];
    return [{ argv, timeout_s: 60 }];
  }
  if (round > 1 || limits.accounting === false) return [];
  const fields = "JobID,State,ExitCode,NodeList,JobName";
  // Without a start time some versions look at today only (snakemake#1227).
  const argv = ["sacct", "--noheader", "--parsable2", "--allocations", "--starttime=2000-01-01", `--jobs=${ids}`];
  return [{ argv: [...argv, `--format=${fields}`], timeout_s: 120 }];
}

const isJobId = (id: string): boolean => /^[1-9]\d{0,9}$/.test(id);

/** The header, or a row: both begin with our mark. */
const MARKED = /^nsfarm\|/m;

/** Only exit 0, or exit 1 with these words, is evidence: with one unknown id squeue exits 1, with two 0 and no row. */
const UNKNOWN_ID = /Invalid job id specified/;

export function readSlurmQuery(results: CommandResult[], handles: Handle[], round: number): Answer<NativeState[]> {
  const result = results[0];
  if (!result) return { kind: "ok", value: [] };
  if (round > 0) {
    return { kind: "ok", value: result.exit_code === 0 ? tasksOf(historyRows(result.stdout), handles) : [] };
  }
  if (result.exit_code === 0 && !MARKED.test(result.stdout)) {
    return { kind: "unclear", message: "squeue printed nothing, not even its header" };
  }
  if (result.exit_code === 0) return { kind: "ok", value: tasksOf(queueRows(result.stdout), handles) };
  if (!isCutShort(result) && UNKNOWN_ID.test(result.stderr)) return { kind: "ok", value: [] };
  return { kind: "unclear", message: saying(result) };
}

interface Row extends SlurmTask {
  job_id: string;
  /** Task indexes; null: all of the array that have no row of their own. */
  indexes: number[] | null;
  /** The job's comment and name. */
  names: string;
}

function queueRows(stdout: string): Row[] {
  return stdout.split("\n").flatMap((line) => {
    const [mark, id = "", state = "", reason = "", host = "", ...names] = line.split("|");
    return mark === "nsfarm" ? rowsOf(id, { state, reason, host, exit_code: "" }, names.join("|")) : [];
  });
}

function historyRows(stdout: string): Row[] {
  return stdout.split("\n").flatMap((line) => {
    const [id = "", state = "", exit_code = "", host = "", ...names] = line.split("|");
    return rowsOf(id, { state, reason: "", host, exit_code }, names.join("|"));
  });
}

/** `47_4`, `47_[5-9%3]`, or `47` alone for an array that was cancelled before any of it started. */
function rowsOf(id: string, task: SlurmTask, names: string): Row[] {
  const [, job_id, list] = /^(\d+)(?:_(\[?[^\s]+\]?))?$/.exec(id.trim()) ?? [];
  if (job_id === undefined) return [];
  const indexes = list === undefined ? null : readIndexes(list);
  // A list that was cut short tells of nobody knows which tasks.
  return list !== undefined && indexes === null ? [] : [{ ...task, job_id, indexes, names }];
}

/** Rows of our own jobs only: an id can have been given anew to somebody else's (recorded: slurm-squeue-after-ctld-crash). */
function tasksOf(rows: Row[], handles: Handle[]): NativeState[] {
  return handles.flatMap((handle) => {
    const mine = rows.filter((row) => row.job_id === handle.job_id && bearsToken(row.names, handle.token));
    return statesOf(mine, handle);
  });
}

function statesOf(rows: Row[], { token, chunk }: Handle): NativeState[] {
  const shards = shardsByTask(chunk);
  const found = new Map<number, Row>();
  for (const row of rows) for (const index of row.indexes ?? []) found.set(index, row);
  const rest = rows.find((row) => row.indexes === null);
  return [...shards].flatMap(([task, mine]) => {
    const row = found.get(task) ?? rest;
    return row ? mine.map((shard) => ({ token, shard, ...taskState(row) })) : [];
  });
}
