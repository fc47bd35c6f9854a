import type { ShardState } from "../../core/contracts/kinds.ts";
import { heldJob, type Hold } from "./hold_reasons.ts";
import { neverStarted } from "./idle_reason.ts";
import type { LogEvent } from "./event_log.ts";
import { machineOf } from "./machine_name.ts";
import { removed } from "./states.ts";

/** What a job's events tell so far. */
export interface Told {
  state: ShardState;
  native: string;
  reason: string | null;
  host: string | null;
  /** Whether it has ever run. */
  ran: boolean;
  /** How often a machine was found for it, and which was the last one. */
  matches: number;
  machine: string | null;
  hold: Hold | null;
}

export const newJob = (): Told => ({
  state: "queued",
  native: "000 submitted",
  reason: null,
  host: null,
  ran: false,
  matches: 0,
  machine: null,
  hold: null,
});

type Rule = (job: Told, event: LogEvent) => Partial<Told>;

/**
 * What each event changes. Source: HTCondor manual, "Job Event Log Codes" (job-event-log-codes.rst) and "Managing a
 * Job"; recorded: condor-eventlog-*. Events that change nothing (image size, attribute updates, ads) have no row.
 */
const RULES: Readonly<Record<number, Rule>> = {
  1: (job, event) => {
    const machine = machineOf(valueOf(event, "SlotName:")) ?? machineOf(event.title) ?? job.machine;
    return { state: "running", reason: null, host: machine, machine, ran: true };
  },
  2: () => ({ state: "failed", reason: "the node could not run the job's program" }),
  4: (job, event) => backInQueue(job, reasonLine(event) ?? (job.ran ? "it was sent away from its machine" : null)),
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
    reason: `HTCondor has lost sight of its machine and waits for it: ${event.lines[0] ?? ""}`,
  }),
  23: () => ({ state: "running", reason: null }),
  24: (job) => backInQueue(job, "its machine is gone; HTCondor starts it elsewhere"),
  40: (job, event) => transfer(job, event),
};

export function readJobEvent(job: Told, event: LogEvent): Told {
  const rule = Object.hasOwn(RULES, event.code) ? RULES[event.code] : undefined;
  if (!rule) return job;
  const native = `${String(event.code).padStart(3, "0")} ${
    event.title.replace(/:?\s*<[^>]*>/, "").replace(/[.:]$/, "")
  }`;
  return { ...job, native, ...rule(job, event) };
}

function ended(event: LogEvent): Partial<Told> {
  const text = event.lines[0] ?? "";
  const code = /^\(1\) Normal termination \(return value (-?\d+)\)/.exec(text)?.[1];
  if (code === "0") return { state: "done", reason: null };
  if (code !== undefined) return { state: "failed", reason: `the job ended with an error (exit ${code})` };
  const signal = /^\(0\) Abnormal termination \(signal (\d+)\)/.exec(text)?.[1];
  return { state: "failed", reason: signal === undefined ? text : `the job was killed by signal ${signal}` };
}

function backInQueue(job: Told, reason: string | null): Partial<Told> {
  const tried = !job.ran && job.machine !== null && job.matches > 0;
  const words = tried ? neverStarted(job.machine ?? "", job.matches) : null;
  const both = [words, reason].filter((text) => text !== null && text !== "").join("; ");
  return { state: "queued", reason: both === "" ? null : both, host: null };
}

/** Input files go to a machine before a job starts there: the first sign of a match in the log. */
function transfer(job: Told, event: LogEvent): Partial<Told> {
  if (/^Started transferring input/.test(event.title)) {
    const machine = machineOf(valueOf(event, "Transferring to host:")) ?? job.machine;
    const told = { machine, matches: job.matches + 1 };
    if (job.matches > 0 && !job.ran && job.state === "queued") return told; // it fails again and again to start
    return { ...told, state: "running", reason: "its files are being sent", host: machine };
  }
  if (/^Started transferring output/.test(event.title)) return { reason: "its results are being brought back" };
  // Whatever else is said of a transfer is over at once, and what it was for goes on.
  return { native: job.native, reason: job.state === "running" ? null : job.reason };
}

const valueOf = (event: LogEvent, label: string): string | undefined =>
  event.lines.find((line) => line.startsWith(label))?.slice(label.length).trim();

/** The reason among the lines of an eviction, which are else its usage of resources, a table at last. */
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
