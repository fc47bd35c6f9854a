import * as z from "../../core/schema/zod.ts";
import { printable } from "../../core/failure.ts";
import type { ShardState } from "../../core/schema/enums.ts";
import type { Fault } from "../../core/schema/scheduler.ts";
import type { NativeState } from "../adapter.ts";
import { excludeNodesLine } from "./options.ts";

export interface Hold {
  code: number | null;
  subcode: number | null;
  /** HTCondor's own text. */
  text: string;
}

interface HoldRow {
  words: string;
  /** State of the attempt, for a hold that no release can fix or that ends by itself. */
  state?: ShardState;
  fault?: Fault;
}

const TIME = "it ran longer than --condor-max-run-time allows";

/** Reasons for which HTCondor holds a job (HTCondor manual, "HoldReasonCode and HoldReasonSubCode", hold-table.rst). */
export const HOLD_CODES: Readonly<Record<number, HoldRow>> = {
  1: { words: "held by hand (condor_hold); condor_release resumes it" },
  3: { words: "held by a rule of the submit file" },
  5: { words: "held because a rule of the submit file could not be evaluated" },
  6: { words: "the node could not start the job's program" },
  7: { words: "the job's log could not be opened: is the folder logs there, and is the disk full?" },
  8: { words: "the job's input could not be opened" },
  9: { words: "the job's log could not be opened: is the folder logs there, and is the disk full?" },
  10: { words: "the job's input could not be opened" },
  11: { words: "HTCondor failed while it sent files" },
  12: { words: "its results could not be brought back" },
  13: { words: "its input files could not be sent" },
  14: { words: "the run directory cannot be entered from where the job should run" },
  15: { words: "submitted on hold; condor_release lets it start" },
  16: { words: "its input files are being copied to the schedd; if that lasts: cancel, then retry", state: "queued" },
  18: { words: "HTCondor failed while it sent files" },
  19: { words: "a hook of the site that prepares jobs failed" },
  21: { words: "held by a rule of the node" },
  22: { words: "the event log could not be written: is the folder logs there, and is the disk full?" },
  23: { words: "the user's account could not be used on the node" },
  26: { words: "held by a rule of the site" },
  27: { words: "held because a rule of the site could not be evaluated" },
  32: { words: "its input files are larger than the site allows" },
  33: { words: "its results are larger than the site allows" },
  34: { words: "it used more than requested" },
  35: { words: "the container image is not valid" },
  45: { words: "containers do not work on the node" },
  46: { words: TIME, state: "timed_out", fault: "time" },
  47: { words: TIME, state: "timed_out", fault: "time" },
  48: { words: "a hook of the site that prepares jobs failed" },
};

/** Codes of holds by a configured rule: of the job, the node or the site. */
const RULES: ReadonlySet<number> = new Set([3, 21, 26]);

const OVER_MEMORY = "it used more memory than requested (--condor-request-memory)";

/** Returns whether a rule's hold is about memory: by HTCondor's own subcode (HOLD_IF_MEMORY_EXCEEDED) or its text. */
const isMemory = ({ subcode, text }: Hold): boolean => subcode === 102 || /\bmemory\b/i.test(text);

/** State of a job that is or was held, in words, and what is to blame. */
interface HeldJob {
  state: ShardState;
  reason: string;
  fault?: Fault;
}

/** Returns state and words of a held job. For code 34, subcode 102 is memory and 104 disk. */
export function heldJob(hold: Hold): HeldJob {
  if (hold.code === 34) return overLimit(hold);
  if (hold.code !== null && RULES.has(hold.code) && isMemory(hold)) {
    const reason = `${OVER_MEMORY}: ${holdText(hold.text)}; retry --more-memory requests more`;
    return { state: "held", reason, fault: "memory" };
  }
  const row = hold.code === null ? undefined : HOLD_CODES[hold.code];
  const printed = holdText(hold.text);
  if (!row) return { state: "held", reason: printed || "held by HTCondor without a reason" };
  const reason = printed === "" ? row.words : `${row.words}: ${printed}`;
  return { state: row.state ?? "held", reason, ...(row.fault ? { fault: row.fault } : {}) };
}

/** Returns state and words of a hold by a rule; pools without cgroups limit memory by rules that name it. */
function overLimit({ subcode, text }: Hold): HeldJob {
  const printed = holdText(text);
  const disk = subcode === 104 || (subcode !== 102 && /disk/i.test(text));
  if (disk) {
    return { state: "failed", reason: `it used more disk than requested (--condor-request-disk): ${printed}` };
  }
  return { state: "out_of_memory", reason: `${OVER_MEMORY}: ${printed}` };
}

/** Returns HTCondor's text on one line, without its preamble about a failed transfer. */
const holdText = (text: string): string =>
  text.replace(/^Transfer (in|out)put files failure at .*? (from|to) .*?\. Details: /, "").replaceAll(/\s+/g, " ")
    .trim();

/** Returns the machine in `slot1_2@e1.example.org` or in an address with `alias=e1.example.org`; null without one. */
export function machineOf(text: string | undefined): string | null {
  const name = /(?:^|[\s])[^\s@<>]+@([A-Za-z0-9][A-Za-z0-9._-]*)/.exec(text ?? "")?.[1];
  return name ?? /[?&]alias=([A-Za-z0-9][A-Za-z0-9._-]*)/.exec(text ?? "")?.[1] ?? null;
}

const Text = z.catch(z.optional(z.string()), undefined);

const Whole = z.catch(z.optional(z.int()), undefined);

const Truth = z.catch(z.optional(z.boolean()), undefined);

/** Attributes of a job's ad that are queried (HTCondor manual, "Job ClassAd Attributes"); unset ones are absent. */
export const JobAd = z.looseObject({
  ClusterId: z.int(),
  ProcId: Whole,
  JobStatus: Whole,
  NsfarmToken: Text,
  HoldReason: Text,
  HoldReasonCode: Whole,
  HoldReasonSubCode: Whole,
  LastHoldReason: Text,
  LastHoldReasonCode: Whole,
  LastHoldReasonSubCode: Whole,
  RemoveReason: Text,
  ExitCode: Whole,
  CompletionDate: Whole,
  StageInFinish: Whole,
  ExitBySignal: Truth,
  ExitSignal: Whole,
  RemoteHost: Text,
  LastRemoteHost: Text,
  NumJobStarts: Whole,
  NumShadowStarts: Whole,
  NumJobMatches: Whole,
  LastRejMatchReason: Text,
  LastRejMatchTime: Whole,
  EnteredCurrentStatus: Whole,
  ServerTime: Whole,
  JobMaterializePaused: Whole,
  JobMaterializeNextProcId: Whole,
});

export type JobAd = z.infer<typeof JobAd>;

export const JOB_ATTRIBUTES = Object.keys(JobAd.shape).join(",");

/** Longer than a negotiation needs to find a free machine and start a job on it. */
const LONG_IDLE_S = 120;

/**
 * Returns why an idle job waits. HTCondor reports a failed match to only one job of a cluster (LastRejMatchTime; seen
 * with 23.9.6); it applies to the others too.
 * @param rejected last failed match of a job of this cluster, and its reason
 */
function idleReason(ad: JobAd, rejected: Rejection | undefined): Omit<Ended, "state"> {
  const minutes = Math.floor(idle_s(ad) / 60);
  const detail = minutes < LONG_IDLE_S / 60 ? "" : ` (for ${minutes} min)`;
  const machine = machineOf(ad.LastRemoteHost);
  const started = ad.NumJobStarts ?? 0;
  const failed = (ad.NumShadowStarts ?? 0) - started;
  if (failed > 0 && machine !== null) return { reason: neverStarted(machine, failed), detail, fault: "node" };
  if (started > 0) return { reason: `it ran on ${machine ?? "a machine"} and was sent back to the queue`, detail };
  const since = ad.EnteredCurrentStatus ?? 0;
  const more = `; condor_q -better-analyze ${ad.ClusterId} shows which requirement no machine meets`;
  const long = detail === "" ? "" : more;
  if (rejected && rejected.at >= since) {
    return { reason: `no matching machine is free (${rejected.why})${long}`, detail };
  }
  return { reason: detail === "" ? null : `no machine has accepted it${long}`, detail };
}

/** Returns the words for "matched but never started", without the number of matches, which differs between jobs. */
export function neverStarted(machine: string, times: number): string {
  return `${machine} was matched ${times === 1 ? "once" : "again and again"}, but the job never started there; ` +
    `to avoid that machine: retry with ${excludeNodesLine(machine)}`;
}

interface Rejection {
  at: number;
  why: string;
}

/** Returns the last failed match of each cluster. */
export function rejections(ads: readonly JobAd[]): Map<number, Rejection> {
  const found = new Map<number, Rejection>();
  for (const { ClusterId, LastRejMatchTime, LastRejMatchReason } of ads) {
    if (LastRejMatchTime === undefined || LastRejMatchTime <= (found.get(ClusterId)?.at ?? 0)) continue;
    found.set(ClusterId, { at: LastRejMatchTime, why: LastRejMatchReason?.trim() || "no match found" });
  }
  return found;
}

const idle_s = (ad: JobAd): number =>
  ad.ServerTime === undefined || ad.EnteredCurrentStatus === undefined ? 0 : ad.ServerTime - ad.EnteredCurrentStatus;

/** Job states (HTCondor manual, "Job Status Codes", job-status-codes.rst). */
const JOB_STATUS: Readonly<Record<number, { word: string; state: ShardState }>> = {
  1: { word: "IDLE", state: "queued" },
  2: { word: "RUNNING", state: "running" },
  3: { word: "REMOVED", state: "cancelled" },
  4: { word: "COMPLETED", state: "done" },
  5: { word: "HELD", state: "held" },
  6: { word: "TRANSFERRING_OUTPUT", state: "running" },
  7: { word: "SUSPENDED", state: "running" }, // resumes by itself
};

type ReportedState = Omit<NativeState, "token" | "shard">;

export function adState(ad: JobAd, rejected?: Rejection): ReportedState {
  const status = ad.JobStatus === undefined ? undefined : JOB_STATUS[ad.JobStatus];
  const host = machineOf(ad.RemoteHost ?? ad.LastRemoteHost);
  if (!status) {
    const native = `JobStatus ${ad.JobStatus}`;
    return { state: "unknown", native, reason: `HTCondor says ${native}, which nsfarm-deno does not know`, host };
  }
  const reported = ofStatus(ad, status.state, rejected);
  return {
    state: reported.state,
    native: printable(`${status.word}${reported.detail ?? ""}`),
    reason: reported.reason === null ? null : printable(reported.reason).slice(0, 600),
    host: reported.state === "queued" && reported.fault === undefined ? null : host,
    ...(reported.fault === undefined ? {} : { fault: reported.fault }),
  };
}

interface Ended {
  state: ShardState;
  reason: string | null;
  detail?: string;
  fault?: Fault;
}

function ofStatus(ad: JobAd, state: ShardState, rejected: Rejection | undefined): Ended {
  if (ad.JobStatus === 5) return ofHeld(ad);
  if (ad.JobStatus === 1) return { state, ...idleReason(ad, rejected) };
  if (ad.JobStatus === 2) return startingAgain(ad) ?? { state, reason: null };
  // A job that was removed after its results were fetched had ended before.
  if (ad.JobStatus === 4 || (ad.JobStatus === 3 && (ad.CompletionDate ?? 0) > 0)) return ended(ad);
  if (ad.JobStatus === 3) return removed(ad.RemoveReason ?? "", lastHold(ad));
  if (ad.JobStatus === 7) return { state, reason: "suspended on its node" };
  return { state, reason: null };
}

/** Returns the state of a job that repeatedly fails to start: it is "running" for moments, but still waiting. */
function startingAgain(ad: JobAd): Ended | null {
  const machine = machineOf(ad.RemoteHost ?? ad.LastRemoteHost);
  const failed = (ad.NumShadowStarts ?? 0) - 1;
  const is_so = failed > 0 && (ad.NumJobStarts ?? 0) === 0 && machine !== null;
  return is_so ? { state: "queued", reason: neverStarted(machine, failed), fault: "node" } : null;
}

function ofHeld(ad: JobAd): Ended {
  const code = ad.HoldReasonCode ?? null;
  const held = heldJob({ code, subcode: ad.HoldReasonSubCode ?? null, text: ad.HoldReason ?? "" });
  return { ...held, detail: ` (code ${code}, ${ad.HoldReasonSubCode ?? 0})` };
}

/** Text of CERN's SYSTEM_PERIODIC_REMOVE for a job that ran longer than its flavour or MaxRuntime. */
const OVER_TIME = /SYSTEM_PERIODIC_REMOVE.*(wall|run) ?time/i;

/**
 * Returns state and words of a removed job. A job removed by our own rule had been held for its memory or time before.
 * @param hold its last hold; null: it was never held
 */
export function removed(text: string, hold: Hold | null): HeldJob {
  if (/PeriodicRemove/.test(text) && hold !== null) return heldJob(hold);
  if (OVER_TIME.test(text)) {
    return { state: "timed_out", reason: `the site removed it for its run time: ${text}`, fault: "time" };
  }
  if (/via condor_rm/.test(text)) return { state: "cancelled", reason: "removed with condor_rm" };
  return { state: "cancelled", reason: text === "" ? "removed from the queue" : `removed: ${text}` };
}

function lastHold(ad: JobAd): Hold | null {
  const code = ad.LastHoldReasonCode ?? ad.HoldReasonCode;
  const subcode = ad.LastHoldReasonSubCode ?? ad.HoldReasonSubCode ?? null;
  return code === undefined ? null : { code, subcode, text: ad.LastHoldReason ?? ad.HoldReason ?? "" };
}

function ended(ad: JobAd): { state: ShardState; reason: string | null } {
  if (ad.ExitBySignal === true) return { state: "failed", reason: `the job was killed by signal ${ad.ExitSignal}` };
  if (ad.ExitCode === undefined || ad.ExitCode === 0) return { state: "done", reason: null };
  return { state: "failed", reason: `the job ended with an error (exit ${ad.ExitCode})` };
}
