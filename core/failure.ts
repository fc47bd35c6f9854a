import type { Cause, ShardState } from "./contracts/kinds.ts";

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
    words: "its time was up", state: "timed_out", ended_by: "stop", is_by_exit: false,
    retries: { here: 0, elsewhere: 0 }, stops_worker: false, remedy: "time",
  },
  terminated: {
    words: "it was told to stop", state: "cancelled", ended_by: "stop", is_by_exit: false,
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
    words: "its output holds other toys than planned", state: "failed", ended_by: "itself", is_by_exit: false,
    retries: { here: 0, elsewhere: 1 }, stops_worker: false, remedy: null,
  },
  spawn: {
    words: "nextstat could not be started", state: "failed", ended_by: "itself", is_by_exit: false,
    retries: { here: 0, elsewhere: 0 }, stops_worker: true, remedy: "start",
  },
  version: {
    words: "not the nextstat or the inputs of this run", state: "failed", ended_by: "itself", is_by_exit: false,
    retries: { here: 0, elsewhere: 0 }, stops_worker: true, remedy: "inputs",
  },
};

/** @param elsewhere whether the shard can be tried on another machine */
export const triesAgain = (cause: Cause, failures: number, elsewhere = false): boolean =>
  failures <= FAILURES[cause].retries[elsewhere ? "elsewhere" : "here"];
