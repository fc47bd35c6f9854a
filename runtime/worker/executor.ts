import { FAILURES, triesAgain } from "../../core/failure.ts";
import type { Attempt } from "../../core/schema/attempt.ts";
import type { Plan } from "../../core/schema/manifest.ts";
import type { ShardRecord } from "../../core/schema/shard_record.ts";
import type { ShardEnd } from "../shard/fit.ts";

/** An attempt at a shard that a slot is to run, and what became of the shard so far. */
export interface Assignment {
  plan: Plan;
  /** The number of this attempt: one more than the last. */
  attempt: number;
  /** Attempts before that failed by the shard's own fault, and by that of an executor. */
  failures: number;
  faults: number;
  /** Names of the executors where they did. */
  failed_at: ReadonlySet<string>;
}

/** An attempt that goes on. */
export interface StartedShard {
  /** Resolves at the moment that its slot is free. */
  gone: Promise<unknown>;
  /** Checks what it left and commits it. */
  finish(): Promise<ShardEnd>;
}

/** What a failed attempt means. */
export interface FailureClass {
  /** Whether the shard is tried again by itself. */
  again: boolean;
  /** Whether the shard is to blame; false: the executor is. */
  counts: boolean;
  /** Why nothing at all is begun any more, or null. */
  given_up: string | null;
}

/** Where shards run: this machine, or a host behind ssh. */
export interface Executor {
  name: string;
  /**
   * Returns the names of its slots, once shards can run there; none when `over` came first.
   * @param changed to be called when its readiness changes
   */
  slots(over: AbortSignal, changed: () => void): Promise<string[]>;
  /** Waits until a shard may begin in this slot; false: not any more. */
  ready(slot: string): Promise<boolean>;
  /** Whether a shard may begin now in one of its slots, of which it has some. */
  isReady(): boolean;
  /** Begins a shard; undefined when another process has this attempt, or has committed the shard meanwhile. */
  start(assignment: Assignment, slot: string): Promise<StartedShard | undefined>;
  /** How long its slowest shard has taken; undefined before the first, or where nobody knows. */
  readonly slowest_ms?: number | undefined;
  /** Whether a shard is the share that was made for this executor; absent: none is. */
  owns?(plan: Plan): boolean;
  /** Whether shards may begin here now or soon; absent: always. */
  isExpected?(): boolean;
  /** A shard was done here. */
  recordSuccess?(): void;
  /**
   * Tells what a failure here means; absent: classifyFailure.
   * @param failures attempts at this shard that failed by its own fault, with this one
   * @param faults attempts at this shard before for which an executor was to blame
   */
  classifyFailure?(record: ShardRecord, failures: number, faults: number): FailureClass;
}

/** The executors of one loop. */
export interface ExecutorPool {
  readonly executors: readonly Executor[];
  /** Slots as the loop is announced. */
  readonly slots: number;
  /** Called once before the executors are. @param changed to be called when an attempt may have become stranded */
  watch?(changed: () => void): void;
  /**
   * Takes up an attempt that an earlier process began, at the executor of this name; undefined: it is none of ours.
   * @param isOrphan whether no other loop that is alive follows it
   */
  rejoin?(plan: Plan, attempt: Attempt, isOrphan: boolean): { executor: string; started: StartedShard } | undefined;
  /** Returns attempts of which nothing has been heard for so long that others may run their shards; each is given once. */
  takeStranded?(): { shard: number; attempt: number }[];
  /** What is to be done when the loop has ended. */
  close?(): Promise<void>;
}

/** A failure on this machine: what lies in the machine or the run would fail every shard, and ends the loop. */
export const classifyFailure = ({ cause, stderr_tail }: ShardRecord, failures: number): FailureClass => ({
  again: triesAgain(cause, failures),
  counts: true,
  given_up: FAILURES[cause].stops_worker ? `${cause}: ${stderr_tail[0] ?? "no message"}` : null,
});

export interface WorkOptions {
  token: string;
  /** Run shards again whose attempts had failed before this loop began. */
  retry_failed: boolean;
  /** How often it says that it is alive. One that does not for three times as long loses its shards to others. */
  beat_interval_s: number;
  /** Begin somewhere among the open shards, for many loops begin at the same time. */
  scatter: boolean;
  /** Also run shards a second time that others take far longer for than this loop did. */
  speculate: boolean;
  /** Begin nothing: only follow to its end what an earlier loop began on hosts. */
  drain: boolean;
  stop: AbortSignal;
}

/** What a loop tells while it works. */
export type WorkEvent =
  | { kind: "begun"; total: number; done: number; failed: number; running_elsewhere: number }
  /** A shard that was done before, or by another process meanwhile. */
  | { kind: "found"; record: ShardRecord }
  | { kind: "started"; shard: number; slot: string }
  | { kind: "done"; shard: number; record: ShardRecord; aside: string | null }
  | { kind: "failed"; shard: number; record: ShardRecord; again: boolean }
  /** A slot is free again whose shard somebody else has. */
  | { kind: "taken"; shard: number }
  | { kind: "executor"; message: string }
  | { kind: "given_up"; why: string };

export interface WorkReport {
  done: number;
  failed: number[];
  /** Begun on machines that cannot be asked from here. */
  elsewhere: number[];
  /** Not begun, because the loop was stopped. */
  left: number[];
}

/** What a loop tells first. */
export const begunEvent = (total: number, { done, failed, elsewhere }: WorkReport): WorkEvent => ({
  ...{ kind: "begun", total, done },
  ...{ failed: failed.length, running_elsewhere: elsewhere.length },
});

/** Wakes whoever waits for a change. */
export class Change {
  #next = Promise.withResolvers<void>();

  /** Resolves at the next change. */
  change(): Promise<void> {
    return this.#next.promise;
  }

  changed(): void {
    this.#next.resolve();
    this.#next = Promise.withResolvers<void>();
  }
}
