import type { Cause, ShardState } from "./schema/enums.ts";

/** What helps shards that have no result; `going`: nothing has to. */
export type Remedy =
  | "memory"
  | "time"
  | "disk"
  | "inputs"
  | "start"
  | "held"
  | "unknown"
  | "going"
  | "waiting"
  | "refused"
  | "again"
  | "other";

/** What is known of a cause: whatever is decided by one reads it here. */
interface Failure {
  /** In words a user knows. */
  words: string;
  /** Where a shard stands whose last attempt ended so. */
  state: ShardState;
  /** Who ended the fit: itself, a signal of which its attempt knows nothing, or this program when told to. */
  ended_by: "itself" | "signal" | "stop";
  /** Whether nextstat's exit code tells it: its output may be whole all the same, for guardrails are judged last. */
  is_by_exit: boolean;
  /** How often a worker loop tries the shard again by itself, here or on another machine; then a person's `retry` does. */
  retries: { here: number; elsewhere: number };
  /** Whether it lies in the machine or the run, not in the shard: to go on would fail every shard. */
  stops_worker: boolean;
  /** What helps; null: to run the shard again, until it has failed in the same way. */
  remedy: Remedy | null;
}

// deno-fmt-ignore: a column for each question, a row for each cause
export const FAILURES: Readonly<Record<Cause, Readonly<Failure>>> = {
  // Of a shard that is done nobody asks for this: its result is not there.
  ok: {
    words: "finished", state: "failed", ended_by: "itself", is_by_exit: false,
    retries: { here: 0, elsewhere: 0 }, stops_worker: false, remedy: null,
  },
  exit: {
    words: "nextstat ended with an error", state: "failed", ended_by: "itself", is_by_exit: true,
    retries: { here: 0, elsewhere: 1 }, stops_worker: false, remedy: null,
  },
  signal: {
    words: "nextstat was killed", state: "failed", ended_by: "signal", is_by_exit: false,
    retries: { here: 1, elsewhere: 1 }, stops_worker: false, remedy: null,
  },
  memory: {
    words: "out of memory", state: "out_of_memory", ended_by: "itself", is_by_exit: true,
    retries: { here: 0, elsewhere: 1 }, stops_worker: false, remedy: "memory",
  },
  time: {
    words: "time limit reached", state: "timed_out", ended_by: "stop", is_by_exit: false,
    retries: { here: 0, elsewhere: 0 }, stops_worker: false, remedy: "time",
  },
  terminated: {
    words: "stopped by a signal or by cancel", state: "cancelled", ended_by: "stop", is_by_exit: false,
    retries: { here: 0, elsewhere: 0 }, stops_worker: false, remedy: null,
  },
  disk: {
    words: "the disk is full", state: "failed", ended_by: "itself", is_by_exit: true,
    retries: { here: 0, elsewhere: 0 }, stops_worker: true, remedy: "disk",
  },
  output: {
    words: "its output is missing or unreadable", state: "failed", ended_by: "itself", is_by_exit: false,
    retries: { here: 1, elsewhere: 1 }, stops_worker: false, remedy: null,
  },
  toys: {
    words: "its output holds the wrong toys", state: "failed", ended_by: "itself", is_by_exit: false,
    retries: { here: 0, elsewhere: 1 }, stops_worker: false, remedy: null,
  },
  spawn: {
    words: "nextstat could not be started", state: "failed", ended_by: "itself", is_by_exit: false,
    retries: { here: 0, elsewhere: 0 }, stops_worker: true, remedy: "start",
  },
  version: {
    words: "nextstat or the inputs have changed since the run was rendered", state: "failed", ended_by: "itself", is_by_exit: false,
    retries: { here: 0, elsewhere: 0 }, stops_worker: true, remedy: "inputs",
  },
};

/** @param elsewhere whether the shard can be tried on another machine */
export const triesAgain = (cause: Cause, failures: number, elsewhere = false): boolean =>
  failures <= FAILURES[cause].retries[elsewhere ? "elsewhere" : "here"];

/** What is known when a fit has ended, before its output is looked at. */
export interface FitEnd {
  exit_code: number | null;
  signal: string | null;
  stderr: string;
  /** Why it could not be started. */
  spawn_error?: string | null;
  /** Why we stopped it. */
  stopped?: "time" | "terminated" | null;
  /** oom_kill events of the job's cgroup during the fit; null where the kernel does not tell. */
  oom_kills?: number | null;
}

const DISK_WORDS = /No space left on device|os error 28|Disk quota exceeded|os error 122/;

/** What Rust's allocator prints before it aborts (library/alloc, handle_alloc_error), and its C++ and C kin. */
const MEMORY_WORDS = /memory allocation of \d+ bytes failed|std::bad_alloc|Cannot allocate memory|os error 12\b/;

/** The cause of a fit's end, or ok when only its output can tell more. Memory only on evidence. */
export function causeOfEnd(end: FitEnd): Cause {
  if (typeof end.spawn_error === "string") return "spawn";
  if (end.stopped) return end.stopped;
  if (end.exit_code === 0) return "ok";
  if ((end.oom_kills ?? 0) > 0 || MEMORY_WORDS.test(end.stderr)) return "memory";
  if (DISK_WORDS.test(end.stderr)) return "disk";
  return end.signal === null ? "exit" : "signal";
}

/** A backtrace of a Rust program: its head, frames ("  12: name") and their places ("     at file:line"). */
const BACKTRACE = /^[ \t]*stack backtrace:[ \t]*\n?(?:[ \t]+(?:\d+:|at )[^\n]*\n?)*/gim;

/** The last lines of a text, without backtraces and control characters, each at most 400 characters. */
export function tailLines(text: string, most = 20): string[] {
  return text.replaceAll(BACKTRACE, "").split("\n").map(printable).filter((line) => line !== "").slice(-most).map((
    line,
  ) => line.slice(0, 400));
}

/** Control characters and marks that turn text around are shown as \uXXXX: stderr of a job must not steer a terminal. */
export function printable(text: string): string {
  // deno-lint-ignore no-control-regex
  const unsafe = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;
  return text.replaceAll(unsafe, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`).trimEnd();
}

/** So many failures make a node suspect; one alone may be the shard's own fault. */
const FEWEST = 2;

/** A node on which every shard failed, while other nodes finished theirs. */
interface SuspectNode {
  node: string;
  failed: number;
}

/**
 * Nodes that fail every job at once: a broken node is free again sooner than the others and so takes more and more jobs.
 * @param shards where each ended; shards that never ran have no node
 */
export function suspectNodes(shards: readonly { state: ShardState; node: string | null }[]): SuspectNode[] {
  const count = (state: ShardState) => {
    const found = new Map<string, number>();
    for (const one of shards) {
      if (one.state === state && one.node !== null) found.set(one.node, (found.get(one.node) ?? 0) + 1);
    }
    return found;
  };
  const good = count("done");
  return [...count("failed")].filter(([node, failed]) => failed >= FEWEST && good.size > 0 && !good.has(node))
    .map(([node, failed]) => ({ node, failed }));
}
