import { excludingLine, machineOf } from "./machine_name.ts";
import type { JobAd } from "./read_ads.ts";

/** Longer than a negotiation takes to find a free machine and a job to start on it. */
const LONG_IDLE_S = 120;

/**
 * Why an idle job waits. Only one job of a cluster is told that no machine was found (LastRejMatchTime; seen with
 * 23.9.6), and what it is told holds for the others.
 * @param rejected when a job of this cluster was last told so, and why
 */
export function idleReason(ad: JobAd, rejected: Rejection | undefined): { reason: string | null; detail: string } {
  const minutes = Math.floor(idle_s(ad) / 60);
  const detail = minutes < LONG_IDLE_S / 60 ? "" : ` (for ${minutes} min)`;
  const machine = machineOf(ad.LastRemoteHost);
  const started = ad.NumJobStarts ?? 0;
  const failed = (ad.NumShadowStarts ?? 0) - started;
  if (failed > 0 && machine !== null) return { reason: neverStarted(machine, failed), detail };
  if (started > 0) return { reason: `it ran on ${machine ?? "a machine"} and was sent back to the queue`, detail };
  const since = ad.EnteredCurrentStatus ?? 0;
  const more = `; condor_q -better-analyze ${ad.ClusterId} tells which of its wishes no machine fulfils`;
  const long = detail === "" ? "" : more;
  if (rejected && rejected.at >= since) {
    return { reason: `no machine that fits is free (${rejected.why})${long}`, detail };
  }
  return { reason: detail === "" ? null : `no machine has taken it${long}`, detail };
}

/** In words for the case that users know as "matched but never started"; without the number, which no two jobs share. */
export function neverStarted(machine: string, times: number): string {
  return `${machine} was matched ${times === 1 ? "once" : "again and again"}, but the job never started there; ` +
    `to leave that machine out: retry with ${excludingLine(machine)}`;
}

export interface Rejection {
  at: number;
  why: string;
}

/** The last time that a job of each cluster was told that no machine was found. */
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
