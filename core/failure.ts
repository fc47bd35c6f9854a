import type { Cause, ShardState } from "./schema/enums.ts";

/** Kind of help that a shard without a result needs; `going`: none. */
export type Remedy =
  | "memory"
  | "time"
  | "disk"
  | "inputs"
  | "start"
  | "node"
  | "held"
  | "paused"
  | "unknown"
  | "unanswered"
  | "going"
  | "waiting"
  | "refused"
  | "cancelled"
  | "again"
  | "other";

/** Facts about a cause; every decision by cause reads this row. */
interface Failure {
  words: string;
  /** State of a shard whose last attempt ended with this cause. */
  state: ShardState;
  /** Who ended the fit: nextstat itself, a signal of unknown origin, or this program on request. */
  ended_by: "itself" | "signal" | "stop";
  /** Whether nextstat's exit code shows it: the output may still be complete, since nextstat judges guardrails last. */
  is_by_exit: boolean;
  /** Retries by a worker loop itself, on the same and on another machine; beyond them a user must `retry`. */
  retries: { here: number; elsewhere: number };
  /** Whether the cause lies in the machine or the run, not in the shard: continuing would fail every shard. */
  stops_worker: boolean;
  /** Whether a node can be at fault; else the shard or the run is known to be. */
  is_by_node: boolean;
  /** What helps; null: a rerun, until the shard has failed repeatedly in the same way. */
  remedy: Remedy | null;
}

// deno-fmt-ignore: one row per cause, one column per question
export const FAILURES: Readonly<Record<Cause, Readonly<Failure>>> = {
  // A shard that is done has no remedy; this row applies when its result is missing.
  ok: {
    words: "finished", state: "failed", ended_by: "itself", is_by_exit: false,
    retries: { here: 0, elsewhere: 0 }, stops_worker: false, is_by_node: false, remedy: null,
  },
  exit: {
    words: "nextstat ended with an error", state: "failed", ended_by: "itself", is_by_exit: true,
    retries: { here: 0, elsewhere: 1 }, stops_worker: false, is_by_node: true, remedy: null,
  },
  signal: {
    words: "nextstat was killed", state: "failed", ended_by: "signal", is_by_exit: false,
    retries: { here: 1, elsewhere: 1 }, stops_worker: false, is_by_node: true, remedy: null,
  },
  memory: {
    words: "out of memory", state: "out_of_memory", ended_by: "itself", is_by_exit: true,
    retries: { here: 0, elsewhere: 1 }, stops_worker: false, is_by_node: false, remedy: "memory",
  },
  time: {
    words: "time limit reached", state: "timed_out", ended_by: "stop", is_by_exit: false,
    retries: { here: 0, elsewhere: 0 }, stops_worker: false, is_by_node: false, remedy: "time",
  },
  terminated: {
    words: "stopped by a signal or by cancel", state: "cancelled", ended_by: "stop", is_by_exit: false,
    retries: { here: 0, elsewhere: 0 }, stops_worker: false, is_by_node: false, remedy: "cancelled",
  },
  disk: {
    words: "the disk is full", state: "failed", ended_by: "itself", is_by_exit: true,
    retries: { here: 0, elsewhere: 0 }, stops_worker: true, is_by_node: false, remedy: "disk",
  },
  output: {
    words: "its output is missing or unreadable", state: "failed", ended_by: "itself", is_by_exit: false,
    retries: { here: 1, elsewhere: 1 }, stops_worker: false, is_by_node: true, remedy: null,
  },
  toys: {
    words: "its output holds the wrong toys", state: "failed", ended_by: "itself", is_by_exit: false,
    retries: { here: 0, elsewhere: 1 }, stops_worker: false, is_by_node: true, remedy: null,
  },
  spawn: {
    words: "nextstat could not be started", state: "failed", ended_by: "itself", is_by_exit: false,
    retries: { here: 0, elsewhere: 0 }, stops_worker: true, is_by_node: true, remedy: "start",
  },
  version: {
    words: "nextstat or the inputs have changed since the run was rendered", state: "failed", ended_by: "itself", is_by_exit: false,
    retries: { here: 0, elsewhere: 0 }, stops_worker: true, is_by_node: false, remedy: "inputs",
  },
};

/**
 * Returns whether a worker loop retries a shard by itself after so many failures.
 * @param elsewhere whether another machine can run the shard
 */
export const triesAgain = (cause: Cause, failures: number, elsewhere = false): boolean =>
  failures <= FAILURES[cause].retries[elsewhere ? "elsewhere" : "here"];

/** Facts at the end of a fit, before its output is read. */
export interface FitEnd {
  exit_code: number | null;
  signal: string | null;
  stderr: string;
  /** Reason why the process could not start. */
  spawn_error?: string | null;
  /** Reason why this program stopped the process. */
  stopped?: "time" | "terminated" | null;
  /** Number of oom_kill events of the job's cgroup during the fit; null where the kernel does not report it. */
  oom_kills?: number | null;
}

const DISK_WORDS = /No space left on device|os error 28|Disk quota exceeded|os error 122/;

/** Free space below which a disk is full, in kB. */
export const FULL_DISK_KB = 64;

/** Messages of failed allocations: Rust's allocator before it aborts (library/alloc, handle_alloc_error), C++ and C. */
const MEMORY_WORDS = /memory allocation of \d+ bytes failed|std::bad_alloc|Cannot allocate memory|os error 12\b/;

/** Returns the cause of a fit's end, or `ok` where only its output can decide. Reports memory only on evidence. */
export function causeOfEnd(end: FitEnd): Cause {
  if (typeof end.spawn_error === "string") return "spawn";
  if (end.stopped) return end.stopped;
  if (end.exit_code === 0) return "ok";
  if ((end.oom_kills ?? 0) > 0 || MEMORY_WORDS.test(end.stderr)) return "memory";
  if (DISK_WORDS.test(end.stderr)) return "disk";
  return end.signal === null ? "exit" : "signal";
}

/** Backtrace of a Rust program: header, frames ("  12: name") and locations ("     at file:line"). */
const BACKTRACE = /^[ \t]*stack backtrace:[ \t]*\n?(?:[ \t]+(?:\d+:|at )[^\n]*\n?)*/gim;

/** Returns the last 20 lines of a text without backtraces and control characters, each at most 400 characters long. */
export function tailLines(text: string): string[] {
  const lines = text.replaceAll(BACKTRACE, "").split("\n").map(printable).filter((line) => line !== "");
  return lines.slice(-20).map((line) => line.slice(0, 400));
}

/** Returns text with control characters and bidirectional marks as \uXXXX: stderr must not control a terminal. */
export function printable(text: string): string {
  // deno-lint-ignore no-control-regex
  const unsafe = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;
  return text.replaceAll(unsafe, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`).trimEnd();
}
