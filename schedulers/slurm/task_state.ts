import { printable } from "../../core/find_cause.ts";
import type { NativeState } from "../adapter.ts";
import { slurmEndReason, slurmReason } from "./reasons.ts";
import { slurmState } from "./states.ts";

/** What Slurm says of one task, whichever of its programs said it. */
export interface SlurmTask {
  state: string;
  /** Reason code, or empty. */
  reason: string;
  host: string;
  /** `3:0`: exit code and signal (sacct(1), ExitCode), or empty where it was not asked for. */
  exit_code: string;
}

/** That task in our words. */
export function taskState(task: SlurmTask): Omit<NativeState, "token" | "shard"> {
  const { state, words } = slurmState(task.state);
  const code = /^(None|\(null\)|N\/A)?$/.test(task.reason.trim()) ? "" : task.reason.trim();
  const waits = state === "queued" || state === "held";
  const reason = code === "" ? undefined : waits ? slurmReason(code) : slurmEndReason(code);
  const telling = waits || state === "failed" ? reason?.words ?? (waits && code ? `Slurm says ${code}` : words) : words;
  return {
    state: state === "queued" && reason?.stuck ? "held" : state,
    native: printable(`${task.state.trim()}${code === "" ? "" : ` (${code})`}`).slice(0, 200),
    reason: telling === null ? null : printable(`${telling}${state === "failed" ? ending(task) : ""}`).slice(0, 400),
    host: hostName(task.host),
  };
}

function ending({ exit_code }: SlurmTask): string {
  const [, code, signal] = /^(\d+):(\d+)$/.exec(exit_code) ?? [];
  if (signal !== undefined && signal !== "0") return ` (signal ${signal})`;
  return code === undefined || code === "0" ? "" : ` (exit ${code})`;
}

const hostName = (text: string): string | null => /^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(text.trim()) ? text.trim() : null;
