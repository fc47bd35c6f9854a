import { FAILURES, type Remedy } from "./failure.ts";
import { attemptHost, isLost } from "./record.ts";
import type { Attempt } from "./schema/attempt.ts";
import { type Cause, SHARD_STATES, type ShardState } from "./schema/enums.ts";
import type { Fault, NativeState } from "./schema/scheduler.ts";

/** Facts about a state; every decision by state reads this row. */
interface StateFacts {
  words: string;
  /** ended: no attempt is running, and there is no result. */
  phase: "waits" | "runs" | "done" | "ended" | "unknown";
  /** Whether the scheduler knows who stopped the job; its attempt knows only that it received a signal. */
  is_stopped: boolean;
  /** Whether the state is the run's own fault: a plain rerun would probably end in the same way. */
  is_repeated: boolean;
  /** What helps; null: the cause of the last attempt decides. */
  remedy: Remedy | null;
}

export const STATES: Readonly<Record<ShardState, Readonly<StateFacts>>> = {
  queued: { words: "not started", phase: "waits", is_stopped: false, is_repeated: false, remedy: "going" },
  running: { words: "running", phase: "runs", is_stopped: false, is_repeated: false, remedy: "going" },
  held: { words: "held by the scheduler", phase: "waits", is_stopped: false, is_repeated: false, remedy: "held" },
  done: { words: "done", phase: "done", is_stopped: false, is_repeated: false, remedy: "going" },
  failed: { words: "failed", phase: "ended", is_stopped: false, is_repeated: true, remedy: null },
  cancelled: { words: "cancelled", phase: "ended", is_stopped: true, is_repeated: false, remedy: null },
  timed_out: { words: FAILURES.time.words, phase: "ended", is_stopped: true, is_repeated: true, remedy: "time" },
  out_of_memory: {
    words: FAILURES.memory.words,
    phase: "ended",
    is_stopped: true,
    is_repeated: true,
    remedy: "memory",
  },
  preempted: { words: "preempted", phase: "ended", is_stopped: true, is_repeated: false, remedy: "other" },
  lost: { words: "lost without a result", phase: "ended", is_stopped: false, is_repeated: false, remedy: null },
  unknown: { words: "not known", phase: "unknown", is_stopped: false, is_repeated: false, remedy: "unknown" },
};

/** Returns whether a plain rerun would probably end in this state again; false for the old scripts' own words. */
export const isRepeated = (state: string): boolean =>
  SHARD_STATES.some((known) => known === state && STATES[known].is_repeated);

/** Returns whether no attempt of the shard is running and it has no result. */
export const isEnded = (state: ShardState): boolean => STATES[state].phase === "ended";

/** Returns whether the shard waits, in a queue or for a user. */
export const isWaiting = (state: ShardState): boolean => STATES[state].phase === "waits";

/** Returns whether the state may still change by itself. */
export const isGoingOn = (state: ShardState): boolean => ["runs", "unknown"].includes(STATES[state].phase);

/** The states of a shard that waits; in a queue first. */
export const WAITING: ReadonlySet<ShardState> = new Set(SHARD_STATES.filter(isWaiting));

/** Returns whether a job in this state exists or may exist. */
export const mayHaveJob = (state: ShardState): boolean => isWaiting(state) || isGoingOn(state);

/** Known facts of one shard: from its files first, from its scheduler second. */
export interface ShardEvidence {
  /** late: the record exists, the output does not yet. */
  evidence: "absent" | "uncommitted" | "foreign" | "bad" | "late" | "done";
  /** Fault of a bad or foreign file. */
  fault: string | null;
  last: Attempt | null;
  /** State of the last attempt's process, if the attempt has no end. */
  life: "running" | "elsewhere" | "dead" | null;
  /** Whether the process is dead and left a complete output that is not committed. */
  has_left_output?: boolean;
  native: NativeState | null;
  /** Whether the scheduler answered; null: this shard was never submitted to it. */
  is_answered: boolean | null;
  /** Seconds since the scheduler no longer knows the job; null: it knows the job. */
  absent_s: number | null;
  grace_s: number;
}

export interface ShardView {
  state: ShardState;
  /** Reason in words, or empty. */
  why: string;
  host: string | null;
  /** What its scheduler blames. */
  fault?: Fault;
}

/** Returns the state of a shard. Evidence in the files wins; the scheduler only explains a missing result. */
export function reconcile(facts: ShardEvidence): ShardView {
  const { last, native } = facts;
  const host = last ? attemptHost(last) : native?.host ?? null;
  if (facts.evidence === "done") return { state: "done", why: "", host };
  const active = native && (isWaiting(native.state) || native.state === "running");
  const is_suspended = native?.state === "held" && last !== null && isOf(last, native);
  if (facts.life === "running" && !is_suspended) return { state: "running", why: "", host };
  if (active && !(native.state === "running" && last?.end && isOf(last, native))) {
    return viewOf(native, native.reason ?? "", native.host);
  }
  if (facts.evidence === "late" && isAwaited(facts)) return { state: "running", why: AWAITED, host };
  if (facts.evidence === "bad" || facts.evidence === "foreign" || facts.evidence === "late") {
    return { state: "failed", why: facts.fault ?? "", host };
  }
  if (native && isExplained(native, last)) return viewOf(native, native.reason ?? native.native, host);
  const is_older = native?.state === "done" && last !== null && !isByHand(last) && !isOf(last, native);
  if (last?.end && !is_older) return ended(last.end.cause, last.end, host);
  if (facts.life === "dead") {
    const why = facts.has_left_output
      ? "its process is gone, but its output is complete: retry commits it"
      : last?.copied_from === undefined
      ? "its process disappeared without a record"
      : "it was still running when this directory was copied";
    return { state: "lost", why, host };
  }
  return withoutAttempt(facts, host);
}

const viewOf = ({ state, fault }: NativeState, why: string, host: string | null): ShardView => ({
  state,
  why,
  host,
  ...(fault === undefined ? {} : { fault }),
});

/** Returns whether an attempt belongs to this very job of the scheduler, not to an earlier one. */
const isOf = (last: Attempt, native: NativeState): boolean => last.submission_token === native.token;

const isByHand = (last: Attempt): boolean => last.submission_token === null || last.submission_token === last.run_token;

/** Returns whether the scheduler explains the end of a job better than its attempt does. */
function isExplained(native: NativeState, last: Attempt | null): boolean {
  const { is_stopped } = STATES[native.state];
  if (!is_stopped && native.state !== "failed") return false;
  if (!last?.end) return true;
  if (!isByHand(last) && !isOf(last, native)) return true;
  return is_stopped && FAILURES[last.end.cause].ended_by !== "itself";
}

function ended(cause: Cause, end: NonNullable<Attempt["end"]>, host: string | null): ShardView {
  const printed = end.stderr_tail[0];
  if (isLost(end)) return { state: "lost", why: printed ?? "its process disappeared without a record", host };
  const how = cause === "exit" && end.exit_code !== null
    ? `exit ${end.exit_code}`
    : `${FAILURES[cause].words}${cause === "signal" && end.signal !== null ? ` (${end.signal})` : ""}`;
  const why = [how, printed].filter(Boolean).join(": ");
  return { state: FAILURES[cause].state, why, host };
}

/** Reason of a shard that no scheduler has. */
export const NOT_SUBMITTED = "not submitted";

/** Reason of a shard of which it is not known whether a scheduler has it. */
export const NOT_ANSWERED = "its submission has no answer";

function withoutAttempt(facts: ShardEvidence, host: string | null): ShardView {
  const { native } = facts;
  if (facts.is_answered === false) return { state: "unknown", why: "its scheduler did not answer", host };
  if (native && native.state !== "done") {
    return viewOf(native, native.reason ?? native.native, native.host);
  }
  if (facts.is_answered === true) return gone(facts, host);
  if (facts.life === "elsewhere") {
    return { state: "unknown", why: `started on ${host}, which cannot be reached from here`, host };
  }
  return { state: "queued", why: NOT_SUBMITTED, host: null };
}

const AWAITED = "waiting for files";

/** Longest time in seconds until files written elsewhere are visible here: file system caches and transfers. */
export const LATE_FILES_S = 120;

/** Returns whether the job ended so recently that its files may still be on their way from the node. */
const isAwaited = ({ is_answered, absent_s, grace_s }: ShardEvidence): boolean =>
  is_answered === true && (absent_s ?? 0) < grace_s;

/** Returns the state of a shard whose job the scheduler no longer knows; its files may still be on their way. */
function gone(facts: ShardEvidence, host: string | null): ShardView {
  if (isAwaited(facts)) return { state: "running", why: AWAITED, host };
  return { state: "lost", why: "its job disappeared without a record", host };
}
