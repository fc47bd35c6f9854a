import { printable } from "../../core/failure.ts";
import { LOGS } from "../../core/run_paths.ts";
import { isWaiting } from "../../core/shard_states.ts";
import type {
  Answer,
  Command,
  CommandResult,
  Handle,
  LogWord,
  NativeState,
  Place,
  RenderContext,
  SchedulerLimits,
  SubmitLimit,
} from "../adapter.ts";
import { commandMessage, isTruncated, printedBy } from "../command_result.ts";
import { hasToken, readIndexes, shardsByTask, taskOf } from "../tasks.ts";
import { SLURM_END_REASONS, SLURM_REASONS, slurmReason, slurmState } from "./tables.ts";

/** State of one task, from any of Slurm's programs. */
interface SlurmTask {
  state: string;
  /** Reason code, or empty. */
  reason: string;
  host: string;
  /** `3:0`: exit code and signal (sacct(1), ExitCode), or empty if not queried. */
  exit_code: string;
}

export function taskState(task: SlurmTask): Omit<NativeState, "token" | "shard"> {
  const { state, words, fault } = slurmState(task.state);
  const code = /^(None|\(null\)|N\/A)?$/.test(task.reason.trim()) ? "" : task.reason.trim();
  const waits = isWaiting(state);
  const reason = code === "" ? undefined : slurmReason(code, waits ? SLURM_REASONS : SLURM_END_REASONS);
  const telling = waits || state === "failed" ? reason?.words ?? (waits && code ? `Slurm says ${code}` : words) : words;
  return {
    state: state === "queued" && reason?.stuck ? "held" : state,
    native: printable(`${task.state.trim()}${code === "" ? "" : ` (${code})`}`).slice(0, 200),
    reason: telling === null ? null : printable(`${telling}${state === "failed" ? ending(task) : ""}`).slice(0, 400),
    host: hostName(task.host),
    ...(fault === undefined ? {} : { fault }),
  };
}

function ending({ exit_code }: SlurmTask): string {
  const [, code, signal] = /^(\d+):(\d+)$/.exec(exit_code) ?? [];
  if (signal !== undefined && signal !== "0") return ` (signal ${signal})`;
  return code === undefined || code === "0" ? "" : ` (exit ${code})`;
}

const hostName = (text: string): string | null => /^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(text.trim()) ? text.trim() : null;

/**
 * One marked line per task, with arbitrary text last: a job's name can contain line breaks and `|` (recorded:
 * slurm-squeue-name-newline). Text and --array rather than --json: squeue's JSON has one row for all pending tasks,
 * whose list it truncates to 64 characters (measured with 24.11.5), needs 8 kB per job, and is missing in some builds
 * of Slurm.
 */
const QUEUE_FORMAT = "nsfarm|%i|%T|%r|%N|%k|%j";

/** Returns the queries for tasks. Round 0: the queue, also of jobs ended within MinJobAge. Round 1: accounting. */
export function querySlurm({ limits }: RenderContext, handles: Handle[], round: number): Command[] {
  const ids = [...new Set(handles.map(({ job_id }) => job_id).filter(isJobId))].join(",");
  if (ids === "") return [];
  if (round === 0) {
    // With its header: output without any line is not an answer, but that of a wrapper or of no cluster.
    const argv = ["squeue", "--array", "--states=all", `--jobs=${ids}`, `--format=${QUEUE_FORMAT}`];
    return [{ argv, timeout_s: 60 }];
  }
  if (round > 1 || limits.accounting === false) return [];
  const fields = "JobID,State,ExitCode,NodeList,JobName";
  // Without a start time some versions search only today (snakemake#1227).
  const argv = ["sacct", "--noheader", "--parsable2", "--allocations", "--starttime=2000-01-01", `--jobs=${ids}`];
  return [{ argv: [...argv, `--format=${fields}`], timeout_s: 120 }];
}

const isJobId = (id: string): boolean => /^[1-9]\d{0,9}$/.test(id);

/** The header, or a row: both begin with our mark. */
const MARKED = /^nsfarm\|/m;

/** Evidence with exit code 0, or 1 with this message: squeue exits 1 for one unknown id, 0 without a row for two. */
const UNKNOWN_ID = /Invalid job id specified/;

export function readSlurmQuery(results: CommandResult[], handles: Handle[], round: number): Answer<NativeState[]> {
  const result = results[0];
  if (!result) return { kind: "ok", value: [] };
  if (round > 0) {
    return { kind: "ok", value: result.exit_code === 0 ? tasksOf(historyRows(result.stdout), handles) : [] };
  }
  if (result.exit_code === 0 && !MARKED.test(result.stdout)) {
    return { kind: "unclear", message: "squeue printed nothing, not even a header" };
  }
  if (result.exit_code === 0) return { kind: "ok", value: tasksOf(queueRows(result.stdout), handles) };
  if (!isTruncated(result) && UNKNOWN_ID.test(result.stderr)) return { kind: "ok", value: [] };
  return { kind: "unclear", message: commandMessage(result) };
}

interface Row extends SlurmTask {
  job_id: string;
  /** Task indexes; null: all tasks of the array without a row of their own. */
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

/** Reads `47_4`, `47_[5-9%3]`, or `47` alone for an array that was cancelled before any task started. */
function rowsOf(id: string, task: SlurmTask, names: string): Row[] {
  const [, job_id, list] = /^(\d+)(?:_(\[?[^\s]+\]?))?$/.exec(id.trim()) ?? [];
  if (job_id === undefined) return [];
  const indexes = list === undefined ? null : readIndexes(list);
  // The tasks of a truncated list are unknown.
  return list !== undefined && indexes === null ? [] : [{ ...task, job_id, indexes, names }];
}

/** Returns the states of our own jobs only: an id can be reused by others (recorded: slurm-squeue-after-ctld-crash). */
function tasksOf(rows: Row[], handles: Handle[]): NativeState[] {
  return handles.flatMap((handle) => {
    const mine = rows.filter((row) => row.job_id === handle.job_id && hasToken(row.names, handle.token));
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

/** Returns the log of a shard's job: logs/slurm_<array id>_<task>.log. */
export function slurmLogs({ job_id, chunk }: Handle, shard: number): string[] {
  const mine = taskOf(chunk, shard);
  return mine ? [`${LOGS}/slurm_${job_id}_${mine.task}.log`] : [];
}

/**
 * Messages of slurmstepd in a job's log at its end; the last one counts. Sources: recorded in reliability.md 2a;
 * slurmstepd's mgr.c and jobacct_common; messages of the cgroup as of 24.11.
 */
const WORDS: [RegExp, LogWord][] = [
  [/CANCELLED AT \S+ DUE TO TIME LIMIT/, {
    state: "timed_out",
    reason: "it reached the job's time limit (--slurm-time)",
  }],
  [/CANCELLED AT \S+ DUE TO PREEMPTION/, {
    state: "preempted",
    reason: "preempted by a job of higher priority",
  }],
  [/CANCELLED AT \S+ DUE TO NODE (FAILURE|\S+ FAILURE)|DUE TO NODE FAILURE/, {
    state: "failed",
    reason: "its node went down",
    fault: "node",
  }],
  [/exceeded memory limit .*being killed|[Dd]etected \d+ oom[-_ ]kill event|Exceeded job memory limit|oom-kill event/, {
    state: "out_of_memory",
    reason: "it used more memory than the job requested (--slurm-memory)",
  }],
  [/CANCELLED AT \S+ \*\*\*/, { state: "cancelled", reason: "cancelled with scancel, or by the site" }],
];

/** Reads slurmstepd's message. Memory has priority: a job killed for its memory is also logged as cancelled. */
export function readSlurmJobLog(text: string): LogWord | null {
  const memory = WORDS.find(([, word]) => word.state === "out_of_memory");
  if (memory?.[0].test(text)) return memory[1];
  return WORDS.find(([pattern]) => pattern.test(text))?.[1] ?? null;
}

/** Queries slurmctld for limits and partitions, and accounting for this user's limits in the queue. */
export function probeSlurm(user?: string): Command[] {
  const name = user !== undefined && /^[A-Za-z0-9._][A-Za-z0-9._-]*$/.test(user) ? user : undefined;
  return [
    { argv: ["scontrol", "show", "config"], timeout_s: 60 },
    { argv: ["sinfo", "--noheader", "--format=%R|%a|%D|%C|%m|%l|%h"], timeout_s: 60 },
    ...(name === undefined ? [] : [
      assoc(["association", "where", `user=${name}`, "format=account,partition,maxsubmitjobs,defaultqos"]),
      assoc(["qos", "format=name,maxsubmitjobsperuser"]),
    ]),
  ];
}

const assoc = (words: string[]): Command => ({
  argv: ["sacctmgr", "--noheader", "--parsable2", "--readonly", "show", ...words],
  timeout_s: 60,
});

export function readSlurmProbe([config, sinfo, associations, qos]: CommandResult[]): SchedulerLimits {
  const limits: SchedulerLimits = { ...readConfig(printedBy(config)), places: readPartitions(printedBy(sinfo)) };
  const submit_limits = readSubmitLimits(printedBy(associations), printedBy(qos));
  return submit_limits.length === 0 ? limits : { ...limits, submit_limits };
}

/** Reads `MaxArraySize            = 20000` (scontrol(1), show config). */
function readConfig(text: string): SchedulerLimits {
  if (text === "") return {};
  const value = (name: string) => new RegExp(`^${name}\\s*=\\s*(.*?)\\s*$`, "m").exec(text)?.[1];
  const number = (name: string) => numberOf(value(name)?.replace(/ sec$/, ""));
  const accounting = /slurmdbd/.test(value("AccountingStorageType") ?? "");
  const [max_array_size, job_age_s, version] = [number("MaxArraySize"), number("MinJobAge"), value("SLURM_VERSION")];
  const cluster = value("ClusterName");
  const enforced = (value("AccountingStorageEnforce") ?? "none").split(",").filter((word) => word !== "none");
  return {
    ...(max_array_size === null ? {} : { max_array_size }),
    ...(job_age_s === null ? {} : { job_age_s }),
    ...(version === undefined ? {} : { version }),
    ...(cluster === undefined ? {} : { cluster }),
    ...(enforced.length === 0 ? {} : { enforced }),
    // slurmdbd keeps the limits of users (slurm.conf(5), AccountingStorageEnforce).
    ...(accounting ? {} : { max_submit_jobs: null }),
    accounting,
  };
}

/** Reads `main|up|2|0/4/0/4|4000|infinite|NO`: CPUs allocated/idle/other/total; last OverSubscribe (sinfo(1)). */
function readPartitions(text: string): Place[] {
  return fieldsOf(text).flatMap(([name, state, nodes, cpus, memory, time, shared]) =>
    name === undefined || state === undefined ? [] : [{
      name,
      state,
      nodes: numberOf(nodes),
      cpus: numberOf(cpus?.split("/").at(-1)),
      memory_mb: configuredMemory(memory),
      time_limit: time === undefined || time === "infinite" ? null : time,
      ...(shared === "EXCLUSIVE" ? { whole_nodes: true } : {}),
    }]
  );
}

/** Returns the memory of a node; null if RealMemory is not configured, which sinfo shows as 1 MB (slurm.conf(5)). */
function configuredMemory(text: string | undefined): number | null {
  const memory_mb = numberOf(text);
  return memory_mb === 1 ? 0 : memory_mb;
}

/** Reads submit limits. An association without its own has that of its default QOS (sacctmgr(1), MaxSubmitJobs). */
function readSubmitLimits(associations: string, qos: string): SubmitLimit[] {
  const of_qos = new Map(
    fieldsOf(qos).flatMap(([name, most]) => {
      const max = numberOf(most);
      return name === undefined || max === null ? [] : [[name, max] as const];
    }),
  );
  const of_user = fieldsOf(associations).flatMap(([account, partition, own, default_qos]) => {
    const max = Math.min(numberOf(own) ?? Infinity, of_qos.get(default_qos ?? "") ?? Infinity);
    if (account === undefined || max === Infinity) return [];
    return [{ account, partition: partition || null, qos: null, max_submit_jobs: max }];
  });
  const named = [...of_qos].map(([name, max_submit_jobs]) => ({
    account: null,
    partition: null,
    qos: name,
    max_submit_jobs,
  }));
  return [...of_user, ...named];
}

const fieldsOf = (text: string): string[][] =>
  text.split("\n").filter((line) => line.includes("|")).map((line) => line.trim().split("|"));

/** Reads `128000+` or `16`; null if it is no number. */
function numberOf(text: string | undefined): number | null {
  const number = /^(\d+)\+?$/.exec(text?.trim() ?? "")?.[1];
  return number === undefined ? null : Number(number);
}
