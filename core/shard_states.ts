import { SHARD_STATES, type ShardState } from "./contracts/kinds.ts";
import { FAILURES, type Remedy } from "./failure.ts";

/** What is known of a state: whatever is decided by one reads it here. */
interface StateFacts {
  /** In words a user knows. */
  words: string;
  /** ended: nothing works on the shard any more, and it has no result. */
  phase: "waits" | "runs" | "done" | "ended" | "unknown";
  /** Whether a scheduler knows who or what stopped the job: its attempt knows only that it was told to. */
  is_stopped: boolean;
  /** Whether it says something of the run: by doing the same again the shard would hardly end otherwise. */
  is_repeated: boolean;
  /** What helps; null: the cause of its last attempt tells. */
  remedy: Remedy | null;
}

export const STATES: Readonly<Record<ShardState, Readonly<StateFacts>>> = {
  queued: { words: "not begun", phase: "waits", is_stopped: false, is_repeated: false, remedy: "going" },
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
  preempted: { words: "preempted", phase: "ended", is_stopped: true, is_repeated: false, remedy: null },
  lost: { words: "gone without a result", phase: "ended", is_stopped: false, is_repeated: false, remedy: null },
  unknown: { words: "not known", phase: "unknown", is_stopped: false, is_repeated: false, remedy: "unknown" },
};

/** Whether a state says something of the run; the old scripts have words of their own, which say nothing. */
export const isRepeated = (state: string): boolean =>
  SHARD_STATES.some((known) => known === state && STATES[known].is_repeated);

/** Whether nothing works on the shard any more, and it has no result. */
export const isEnded = (state: ShardState): boolean => STATES[state].phase === "ended";

/** Whether the shard waits: for its turn, or for a person. */
export const isWaiting = (state: ShardState): boolean => STATES[state].phase === "waits";

/** Whether something may still happen to the shard by itself. */
export const isGoingOn = (state: ShardState): boolean => ["runs", "unknown"].includes(STATES[state].phase);
