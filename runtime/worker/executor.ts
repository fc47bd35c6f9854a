import { FAILURES, triesAgain } from "../../core/failure.ts";
import type { Attempt } from "../../core/schema/attempt.ts";
import type { Plan } from "../../core/schema/manifest.ts";
import type { ShardRecord } from "../../core/schema/shard_record.ts";
import type { ShardEnd } from "../shard/fit.ts";

/** An attempt of a shard for a slot to run, with the history of the shard. */
export interface Assignment {
  plan: Plan;
  /** The number of this attempt: one more than the last. */
  attempt: number;
  /** Earlier attempts that failed by the shard's own fault, and by that of an executor. */
  failures: number;
  faults: number;
  /** Names of the executors where these failed. */
  failed_at: ReadonlySet<string>;
}

export interface StartedShard {
  /** Resolves when its slot is free. */
  gone: Promise<unknown>;
  /** Checks its files and commits them. */
  finish(): Promise<ShardEnd>;
}

/** The consequences of a failed attempt. */
export interface FailureClass {
  /** Whether the shard is retried automatically. */
  again: boolean;
  /** Whether the shard is at fault; false: the executor is. */
  counts: boolean;
  /** Why no further shard is started, or null. */
  given_up: string | null;
}

/** Runs shards: on this machine, or on a host behind ssh. */
export interface Executor {
  name: string;
  /** Resolves with its slots' names when shards can run; none if aborted first. @param changed its readiness changed */
  slots(over: AbortSignal, changed: () => void): Promise<string[]>;
  /** Waits until a shard may start in this slot; false: no more shards start. */
  ready(slot: string): Promise<boolean>;
  /** Returns whether a shard may start now in one of its slots. */
  isReady(): boolean;
  /** Starts a shard; undefined when another process has this attempt, or has committed the shard meanwhile. */
  start(assignment: Assignment, slot: string): Promise<StartedShard | undefined>;
  /** Duration of its slowest shard so far; undefined before the first, or where unknown. */
  readonly slowest_ms?: number | undefined;
  /** Returns whether a shard is the share of this executor; absent: no shares. */
  owns?(plan: Plan): boolean;
  /** Returns whether shards may start here now or soon; absent: always. */
  isExpected?(): boolean;
  /** Records a shard that was done here. */
  recordSuccess?(): void;
  /**
   * Returns the meaning of a failure here; absent: classifyFailure.
   * @param failures attempts of this shard that failed by its own fault, including this one
   * @param faults earlier attempts of this shard with an executor at fault
   */
  classifyFailure?(record: ShardRecord, failures: number, faults: number): FailureClass;
}

export interface ExecutorPool {
  readonly executors: readonly Executor[];
  readonly slots: number;
  /** Called once before the executors start. @param changed is called when an attempt may have become stranded */
  watch?(changed: () => void): void;
  /**
   * Follows an attempt that an earlier process started, on the executor of this name; undefined: not one of ours.
   * @param isOrphan whether no other living loop follows it
   */
  rejoin?(plan: Plan, attempt: Attempt, isOrphan: boolean): { executor: string; started: StartedShard } | undefined;
  /** Returns attempts on hosts silent for so long that others may run their shards; each is returned once. */
  takeStranded?(): { shard: number; attempt: number }[];
  /** Cleans up when the loop has ended. */
  close?(): Promise<void>;
}

/** Returns what a failure on this machine means: a fault of the machine or the run ends the loop. */
export const classifyFailure = ({ cause, stderr_tail }: ShardRecord, failures: number): FailureClass => ({
  again: triesAgain(cause, failures),
  counts: true,
  given_up: FAILURES[cause].stops_worker ? `${cause}: ${stderr_tail[0] ?? "no message"}` : null,
});

export interface WorkOptions {
  token: string;
  /** Whether shards that failed before this loop started are rerun. */
  retry_failed: boolean;
  /** Whether shards are rerun that a process on another machine began which sends no heartbeat, after as much silence. */
  takes_unannounced?: boolean;
  /** Heartbeat interval in seconds. After three intervals of silence the shards of a loop go to others. */
  beat_interval_s: number;
  /** Whether to start at a random open shard, since many loops start at the same time. */
  scatter: boolean;
  /** Whether to start speculative attempts of shards that take others far longer than this loop took. */
  speculate: boolean;
  /** Whether to start no shard and only follow those that an earlier loop started on hosts. */
  drain: boolean;
  except?: ReadonlySet<number>;
  /** Whether it is a job that ends after a long pause of the run, so that it does not use up its allocation. */
  pilot?: boolean;
  stop: AbortSignal;
}

export type WorkEvent =
  | { kind: "begun"; total: number; done: number; failed: number; running_elsewhere: number }
  /** A shard that was done before, or by another process meanwhile. */
  | { kind: "found"; record: ShardRecord }
  | { kind: "started"; shard: number; slot: string }
  | { kind: "done"; shard: number; record: ShardRecord; aside: string | null }
  | { kind: "failed"; shard: number; record: ShardRecord; again: boolean }
  /** A slot is free again because another process has its shard. */
  | { kind: "taken"; shard: number }
  | { kind: "executor"; message: string }
  /** What a person asks of all loops has changed: a pause, a throttle. */
  | { kind: "steered"; message: string }
  | { kind: "given_up"; why: string };

/** The result of a worker loop. */
export interface WorkReport {
  done: number;
  failed: number[];
  /** Shards that run on machines which cannot be queried from here. */
  elsewhere: number[];
  /** Shards that were not started because the loop was stopped. */
  left: number[];
}

export const startEvent = (total: number, { done, failed, elsewhere }: WorkReport): WorkEvent => ({
  ...{ kind: "begun", total, done },
  ...{ failed: failed.length, running_elsewhere: elsewhere.length },
});

/** Notifies waiting code of changes. */
export class Change {
  #next = Promise.withResolvers<void>();

  change(): Promise<void> {
    return this.#next.promise;
  }

  changed(): void {
    this.#next.resolve();
    this.#next = Promise.withResolvers<void>();
  }
}
