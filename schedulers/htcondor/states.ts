import { printable } from "../../core/find_cause.ts";
import type { ShardState } from "../../core/contracts/kinds.ts";
import type { NativeState } from "../adapter.ts";
import { heldJob, type Hold } from "./hold_reasons.ts";
import { idleReason, neverStarted, type Rejection } from "./idle_reason.ts";
import { machineOf } from "./machine_name.ts";
import type { JobAd } from "./read_ads.ts";

/** Job states. Source: HTCondor manual, "Job Status Codes" (job-status-codes.rst). */
const JOB_STATUS: Readonly<Record<number, { word: string; state: ShardState }>> = {
  1: { word: "IDLE", state: "queued" },
  2: { word: "RUNNING", state: "running" },
  3: { word: "REMOVED", state: "cancelled" },
  4: { word: "COMPLETED", state: "done" },
  5: { word: "HELD", state: "held" },
  6: { word: "TRANSFERRING_OUTPUT", state: "running" },
  // It goes on by itself when its machine is free again, so nobody need release it.
  7: { word: "SUSPENDED", state: "running" },
};

type Told = Omit<NativeState, "token" | "shard">;

/** One job's ad, of the queue or of history, in our words. */
export function adState(ad: JobAd, rejected?: Rejection): Told {
  const status = ad.JobStatus === undefined ? undefined : JOB_STATUS[ad.JobStatus];
  const host = machineOf(ad.RemoteHost ?? ad.LastRemoteHost);
  if (!status) {
    const native = `JobStatus ${ad.JobStatus}`;
    return { state: "unknown", native, reason: `HTCondor says ${native}, which nsfarm-deno does not know`, host };
  }
  const told = ofStatus(ad, status.state, rejected);
  return {
    state: told.state,
    native: printable(`${status.word}${told.detail ?? ""}`),
    reason: told.reason === null ? null : printable(told.reason).slice(0, 600),
    host: told.state === "queued" ? null : host,
  };
}

interface Ended {
  state: ShardState;
  reason: string | null;
  detail?: string;
}

function ofStatus(ad: JobAd, state: ShardState, rejected: Rejection | undefined): Ended {
  if (ad.JobStatus === 5) return ofHeld(ad);
  if (ad.JobStatus === 1) return { state, ...idleReason(ad, rejected) };
  if (ad.JobStatus === 2) return startingAgain(ad) ?? { state, reason: null };
  if (ad.JobStatus === 3) return removed(ad.RemoveReason ?? "", lastHold(ad));
  if (ad.JobStatus === 4) return ended(ad);
  if (ad.JobStatus === 7) return { state, reason: "suspended on its node" };
  return { state, reason: null };
}

/** A job that never starts is "running" for a moment again and again: it still waits to be begun. */
function startingAgain(ad: JobAd): Ended | null {
  const machine = machineOf(ad.RemoteHost ?? ad.LastRemoteHost);
  const failed = (ad.NumShadowStarts ?? 0) - 1;
  const is_so = failed > 0 && (ad.NumJobStarts ?? 0) === 0 && machine !== null;
  return is_so ? { state: "queued", reason: neverStarted(machine, failed) } : null;
}

function ofHeld(ad: JobAd): { state: ShardState; reason: string; detail: string } {
  const code = ad.HoldReasonCode ?? null;
  const held = heldJob({ code, subcode: ad.HoldReasonSubCode ?? null, text: ad.HoldReason ?? "" });
  return { ...held, detail: ` (code ${code}, ${ad.HoldReasonSubCode ?? 0})` };
}

/**
 * A removed job. One that a rule of ours removed had been held for its memory or its time before.
 * @param hold its last hold; null: it never was held
 */
export function removed(text: string, hold: Hold | null): { state: ShardState; reason: string } {
  if (/PeriodicRemove/.test(text) && hold !== null) return heldJob(hold);
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
