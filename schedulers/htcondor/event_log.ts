import { printable } from "../../core/failure.ts";
import { LOGS } from "../../core/run_paths.ts";
import type { ShardState } from "../../core/schema/enums.ts";
import type { Fault } from "../../core/schema/scheduler.ts";
import type { Handle, NativeState } from "../adapter.ts";
import { jobTag, shardsByTask, taskOf } from "../tasks.ts";
import { heldJob, type Hold, machineOf, neverStarted, removed } from "./tables.ts";

interface LogEvent {
  code: number;
  cluster: number;
  /** -1 for an event of the cluster itself (late materialization). */
  proc: number;
  /** Rest of the first line. */
  title: string;
  /** Following lines, without the blanks before and after. */
  lines: string[];
}

/**
 * First line of an event: `000 (002.000.000) 2026-11-24 20:26:34 Job submitted …` (HTCondor manual, "Job Event Log
 * Codes"). Events of a cluster have the number `-01` (recorded: condor-eventlog-factory-rm). Older versions write
 * `11/24 20:26:34`.
 */
const FIRST_LINE =
  /^(\d{3}) \((\d+)\.(-?\d+)\.-?\d+\) (?:\d{4}-\d\d-\d\d|\d\d\/\d\d(?:\/\d\d(?:\d\d)?)?)[ T][\d:.]+(?:[+-]\d\d:?\d\d|Z)? (.*)$/;

/**
 * Reads a job event log. Events end with a line `...`; a last event without it is incomplete and left for the next
 * reading. Skips other text, since a log can begin in the middle of an event.
 */
export function readEventLog(text: string): LogEvent[] {
  const events: LogEvent[] = [];
  const blocks = text.split(/^\.\.\.\r?$/m);
  for (const block of blocks.slice(0, -1)) {
    const event = readEvent(block);
    if (event) events.push(event);
  }
  return events;
}

function readEvent(block: string): LogEvent | undefined {
  const lines = block.split("\n").map((line) => line.trimEnd());
  const at = lines.findIndex((line) => FIRST_LINE.test(line));
  const [, code, cluster, proc, title] = FIRST_LINE.exec(lines[at] ?? "") ?? [];
  if (code === undefined || cluster === undefined || proc === undefined) return undefined;
  const rest = lines.slice(at + 1).map((line) => line.trim()).filter((line) => line !== "");
  return { code: Number(code), cluster: Number(cluster), proc: Number(proc), title: title ?? "", lines: rest };
}

/** State of a job after the events read so far. */
interface ReportedJob {
  state: ShardState;
  native: string;
  reason: string | null;
  host: string | null;
  /** Whether it has ever run. */
  ran: boolean;
  /** How often a machine was matched, and the last one. */
  matches: number;
  machine: string | null;
  hold: Hold | null;
  fault: Fault | null;
}

const newJob = (): ReportedJob => ({
  state: "queued",
  native: "000 submitted",
  reason: null,
  host: null,
  ran: false,
  matches: 0,
  machine: null,
  hold: null,
  fault: null,
});

type Rule = (job: ReportedJob, event: LogEvent) => Partial<ReportedJob>;

/**
 * Change by each event. Source: HTCondor manual, "Job Event Log Codes" (job-event-log-codes.rst) and "Managing a Job";
 * recorded: condor-eventlog-*. Events without a row change nothing (image size, attribute updates, ads).
 */
const RULES: Readonly<Record<number, Rule>> = {
  1: (job, event) => {
    const machine = machineOf(valueOf(event, "SlotName:")) ?? machineOf(event.title) ?? job.machine;
    return { state: "running", reason: null, host: machine, machine, ran: true };
  },
  2: () => ({ state: "failed", reason: "the node could not run the job's program" }),
  4: (job, event) => backInQueue(job, reasonLine(event) ?? (job.ran ? "it was evicted from its machine" : null)),
  5: (_job, event) => ended(event),
  7: (job, event) => backInQueue(job, event.lines[0] ?? "HTCondor failed while it ran"),
  9: (job, event) => removed(event.lines[0] ?? "", job.hold),
  10: () => ({ state: "running", reason: "suspended on its machine" }),
  11: () => ({ state: "running", reason: null }),
  12: (_job, event) => {
    const hold = holdOf(event);
    return { hold, ...heldJob(hold) };
  },
  13: () => ({ state: "queued", reason: "released; it waits for a machine", hold: null }),
  21: (job, event) => ({ machine: machineOf(event.title.replace(/^Error from starter on |:$/g, "")) ?? job.machine }),
  22: (_job, event) => ({
    state: "running",
    reason: `HTCondor lost contact with its machine and waits for it: ${event.lines[0] ?? ""}`,
  }),
  23: () => ({ state: "running", reason: null }),
  24: (job) => backInQueue(job, "its machine disappeared; HTCondor restarts it elsewhere"),
  40: (job, event) => transfer(job, event),
};

function readJobEvent(job: ReportedJob, event: LogEvent): ReportedJob {
  const rule = Object.hasOwn(RULES, event.code) ? RULES[event.code] : undefined;
  if (!rule) return job;
  const native = `${String(event.code).padStart(3, "0")} ${
    event.title.replace(/:?\s*<[^>]*>/, "").replace(/[.:]$/, "")
  }`;
  const change = rule(job, event);
  return { ...job, native, ...(change.state === undefined ? {} : { fault: null }), ...change };
}

function ended(event: LogEvent): Partial<ReportedJob> {
  const text = event.lines[0] ?? "";
  const code = /^\(1\) Normal termination \(return value (-?\d+)\)/.exec(text)?.[1];
  if (code === "0") return { state: "done", reason: null };
  if (code !== undefined) return { state: "failed", reason: `the job ended with an error (exit ${code})` };
  const signal = /^\(0\) Abnormal termination \(signal (\d+)\)/.exec(text)?.[1];
  return { state: "failed", reason: signal === undefined ? text : `the job was killed by signal ${signal}` };
}

function backInQueue(job: ReportedJob, reason: string | null): Partial<ReportedJob> {
  const tried = !job.ran && job.machine !== null && job.matches > 0;
  const words = tried ? neverStarted(job.machine ?? "", job.matches) : null;
  const both = [words, reason].filter((text) => text !== null && text !== "").join("; ");
  return { state: "queued", reason: both === "" ? null : both, host: null, fault: tried ? "node" : null };
}

/** Returns the change by a file transfer: input files sent before a start are the first sign of a match in the log. */
function transfer(job: ReportedJob, event: LogEvent): Partial<ReportedJob> {
  if (/^Started transferring input/.test(event.title)) {
    const machine = machineOf(valueOf(event, "Transferring to host:")) ?? job.machine;
    const reported = { machine, matches: job.matches + 1 };
    if (job.matches > 0 && !job.ran && job.state === "queued") return reported; // it fails again and again to start
    return { ...reported, state: "running", reason: "its files are being sent", host: machine };
  }
  if (/^Started transferring output/.test(event.title)) return { reason: "its results are being brought back" };
  // Other transfers end at once, and their job continues.
  return { native: job.native, reason: job.state === "running" ? null : job.reason };
}

const valueOf = (event: LogEvent, label: string): string | undefined =>
  event.lines.find((line) => line.startsWith(label))?.slice(label.length).trim();

/** Returns the reason among the lines of an eviction; the other lines are usage of resources and end with a table. */
function reasonLine(event: LogEvent): string | null {
  const table = event.lines.findIndex((line) => line.startsWith("Partitionable Resources"));
  const usage = /^(\(\d\) |Usr |\d+ {2}- {2})/;
  return event.lines.slice(0, table < 0 ? undefined : table).find((line) => !usage.test(line)) ?? null;
}

function holdOf(event: LogEvent): Hold {
  const [, code, subcode] = /^Code (\d+) Subcode (-?\d+)$/.exec(event.lines.at(-1) ?? "") ?? [];
  const text = event.lines.slice(0, code === undefined ? undefined : -1).join(" ");
  return {
    code: code === undefined ? null : Number(code),
    subcode: subcode === undefined ? null : Number(subcode),
    text,
  };
}

/** Returns one log per cluster, in the run's folder logs. */
export function eventLogs(handles: Handle[]): string[] {
  return handles.map(({ job_id }) => `${LOGS}/condor.${/^\d+$/.test(job_id) ? job_id : "none"}.log`);
}

/** Returns the states in the logs, in the order of the handles; omits jobs without a state. */
export function readLogStates(texts: (string | null)[], handles: Handle[]): NativeState[] {
  return handles.flatMap((handle, i) => {
    const text = texts[i];
    return text ? statesOf(readEventLog(text), handle) : [];
  });
}

function statesOf(events: LogEvent[], { job_id, token, chunk }: Handle): NativeState[] {
  const jobs = new Map<number, ReportedJob>();
  let rest: ReportedJob | undefined;
  for (const event of events) {
    if (`${event.cluster}` !== job_id) continue;
    if (event.proc < 0) rest = clusterEvent(event, rest, token);
    else readProc(jobs, event, token);
  }
  return [...shardsByTask(chunk)].flatMap(([task, shards]) => {
    const reported = jobs.get(task) ?? rest;
    return reported ? shards.map((shard) => nativeState(token, shard, reported)) : [];
  });
}

/** Reads an event of one job; a submit event has the submission's tag, since a cluster number can be reused. */
function readProc(jobs: Map<number, ReportedJob>, event: LogEvent, token: string): void {
  if (event.code === 0 && !bears(event, token)) jobs.delete(event.proc);
  else if (event.code === 0) jobs.set(event.proc, newJob());
  else {
    const job = jobs.get(event.proc);
    if (job) jobs.set(event.proc, readJobEvent(job, event));
  }
}

const bears = (event: LogEvent, token: string): boolean => event.lines.includes(jobTag(token));

/** Applies an event of a cluster with late materialization to its jobs that do not exist yet. */
function clusterEvent(event: LogEvent, rest: ReportedJob | undefined, token: string): ReportedJob | undefined {
  const waits = "HTCondor creates it when others have ended (--condor-max-idle, --condor-max-materialize)";
  const why = event.lines[0] ?? "";
  if (event.code === 35) {
    return bears(event, token) ? { ...newJob(), native: "035 not made yet", reason: waits } : undefined;
  }
  if (!rest) return undefined;
  if (event.code === 37) {
    return {
      ...rest,
      state: "held",
      native: "037 materialization paused",
      reason: `HTCondor creates no more jobs: ${why}`,
    };
  }
  if (event.code === 38) return { ...rest, state: "queued", native: "038 materialization resumed", reason: waits };
  if (event.code === 36) {
    return { ...rest, state: "cancelled", native: "036 cluster removed", reason: "removed before HTCondor created it" };
  }
  return rest;
}

function nativeState(token: string, shard: number, reported: ReportedJob): NativeState {
  const reason = reported.reason === null ? null : printable(reported.reason).slice(0, 600);
  return {
    token,
    shard,
    state: reported.state,
    native: printable(reported.native).slice(0, 200),
    reason,
    host: reported.host ?? (reported.fault === "node" ? reported.machine : null),
    ...(reported.fault === null ? {} : { fault: reported.fault }),
  };
}

/** Repeated events that do not explain a job's fate: image size (006), attributes (033), ads (028). */
const NOISE = new Set(["006", "028", "033"]);

/** Events that explain a job's stop: evicted (004), shadow failed (007), aborted (009), held (012), lost (022, 024). */
const TELLING = new Set(["004", "007", "009", "012", "022", "024"]);

/** Lines with usage and resources of a machine. */
const USAGE =
  /^\s*(\d+ +- {2}|\(?Usr |Partitionable Resources|[A-Za-z]+ (\(\w+\) )? *:|(Cpus|Disk|GPUs|Memory|CondorScratchDir) = |$)/;

/** Returns the events of a shard's job from its cluster's log, without their tables of usage. */
export function eventsOf(text: string, { job_id, chunk }: Handle, shard: number, telling = false): string {
  const blocks = blocksOf(text).get(`${job_id}.${taskOf(chunk, shard)?.task}`) ?? [];
  return blocks.flatMap((block) => {
    const code = block.slice(0, 3);
    if (NOISE.has(code) || (telling && !TELLING.has(code))) return [];
    return block.split("\n").filter((line) => !USAGE.test(line));
  }).join("\n");
}

/** The last log that was asked for: it is the same for all shards of a cluster, which may be thousands. */
let last: { text: string; blocks: ReadonlyMap<string, string[]> } | undefined;

/** Returns the events in a log by `CLUSTER.PROC` of their job, as they are written. */
function blocksOf(text: string): ReadonlyMap<string, string[]> {
  if (last?.text === text) return last.blocks;
  const jobOf = (block: string) => /^\d{3} \(0*(\d+\.)0*(\d+)\./.exec(block)?.slice(1).join("");
  const blocks = Map.groupBy(text.split(/^\.\.\.\r?\n?/m), (block) => jobOf(block) ?? "");
  last = { text, blocks };
  return blocks;
}
