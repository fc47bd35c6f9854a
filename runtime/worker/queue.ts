import type { Plan } from "../../core/schema/manifest.ts";
import { type Assignment, Change, type Executor, type StartedShard, type WorkReport } from "./executor.ts";

/** Returns the first assignment of a shard in this loop. */
export const newAssignment = (plan: Plan, attempt: number): Assignment => ({
  plan,
  attempt,
  failures: 0,
  faults: 0,
  failed_at: new Set<string>(),
});

interface Awaited {
  assignment: Assignment;
  started: StartedShard;
}

/** The shards of a loop: open, running here, run by others, or ended. Notifies waiting code of each change. */
export class ShardQueue extends Change {
  #queue: Assignment[] = [];
  readonly #awaited = new Map<string, Awaited[]>();
  /** Shards that run on our executors, with the attempts of each. */
  readonly #running = new Map<number, Assignment[]>();
  /** The highest attempt number of each shard. */
  readonly #numbers = new Map<number, number>();
  /** Attempts on silent executors: they may still succeed, but their failure is not awaited. */
  readonly #abandoned = new Set<Assignment>();
  readonly #taken = new Map<number, Plan>();
  readonly #elsewhere = new Set<number>();
  readonly #failed = new Set<number>();
  /** Final: a late event of an earlier observation never opens these shards again. */
  readonly #done = new Set<number>();
  readonly #open = new Set<number>();

  get isSettled(): boolean {
    return this.#open.size === 0;
  }

  get hasTaken(): boolean {
    return this.#taken.size > 0;
  }

  /** Open shards that nothing runs, in their order. */
  get queued(): readonly Assignment[] {
    return this.#queue;
  }

  add(assignment: Assignment): void {
    if (this.#done.has(assignment.plan.shard_index)) return;
    this.#open.add(assignment.plan.shard_index);
    this.#queue.push(assignment);
    this.changed();
  }

  await(executor: string, awaited: Awaited): void {
    const shard = awaited.assignment.plan.shard_index;
    this.#open.add(shard);
    this.#hold(awaited.assignment);
    const waiting = this.#awaited.get(executor);
    if (waiting) waiting.push(awaited);
    else this.#awaited.set(executor, [awaited]);
    this.changed();
  }

  awaited(executor: string): Awaited | undefined {
    return this.#awaited.get(executor)?.shift();
  }

  /** Takes the next shard that may start on an executor now; undefined where there is none. */
  take(executor: Executor, executors: readonly Executor[]): Assignment | undefined {
    const at = this.#nextFor(executor, executors);
    const [assignment] = at < 0 ? [] : this.#queue.splice(at, 1);
    // Another attempt may have done it in the meantime.
    if (assignment && !this.#open.has(assignment.plan.shard_index)) return this.take(executor, executors);
    if (assignment) this.#hold(assignment);
    return assignment;
  }

  /** Returns the position of the next shard for an executor, first of those that were sized for it; -1: none. */
  #nextFor(executor: Executor, executors: readonly Executor[]): number {
    const isNext = (one: Assignment) => mayBegin(one, executor, executors);
    const own = this.#queue.findIndex((one) => one.plan.farm?.sized_for === executor.name && isNext(one));
    return own < 0 ? this.#queue.findIndex(isNext) : own;
  }

  /** Returns the open shards that nothing runs, first the one that an executor would take. */
  queuedFor(executor: Executor, executors: readonly Executor[]): readonly Assignment[] {
    const at = this.#nextFor(executor, executors);
    return at <= 0 ? this.#queue : [...this.#queue.slice(at, at + 1), ...this.#queue.toSpliced(at, 1)];
  }

  isOpen(shard: number): boolean {
    return this.#open.has(shard);
  }

  /** Adds an attempt of a shard that others run. */
  speculate(assignment: Assignment): Assignment {
    this.#hold(assignment);
    return assignment;
  }

  #hold(assignment: Assignment): void {
    const shard = assignment.plan.shard_index;
    this.#running.set(shard, [...(this.#running.get(shard) ?? []), assignment]);
    this.#numbers.set(shard, Math.max(assignment.attempt, this.#numbers.get(shard) ?? 0));
  }

  /** Opens a shard again whose attempt runs on a silent executor: its result still counts, its failure does not. */
  abandon(shard: number, attempt: number): void {
    const assignment = (this.#running.get(shard) ?? []).find((one) => one.attempt === attempt);
    if (!assignment) return;
    this.#abandoned.add(assignment);
    this.release(assignment);
    if (this.#open.has(shard) && !this.#running.has(shard)) {
      this.add({ ...assignment, attempt: (this.#numbers.get(shard) ?? attempt) + 1 });
    }
  }

  isAbandoned(assignment: Assignment): boolean {
    return this.#abandoned.has(assignment);
  }

  /** Removes an attempt that is over, however it ended. */
  release(assignment: Assignment): void {
    const shard = assignment.plan.shard_index;
    const others = (this.#running.get(shard) ?? []).filter((one) => one !== assignment);
    if (others.length > 0) this.#running.set(shard, others);
    else this.#running.delete(shard);
  }

  /** Records that another process runs a shard; it is checked again later. */
  taken(plan: Plan): void {
    if (this.#running.has(plan.shard_index) || this.#done.has(plan.shard_index)) return;
    this.#open.add(plan.shard_index);
    this.#taken.set(plan.shard_index, plan);
    this.changed();
  }

  /** Rotates the queue to start elsewhere: `where` is between 0 and 1. */
  scatter(where: number): void {
    const at = Math.floor(where * this.#queue.length);
    this.#queue = [...this.#queue.slice(at), ...this.#queue.slice(0, at)];
  }

  /** When a shard was first seen to run elsewhere, and those with a speculative attempt for that. */
  readonly #taken_since = new Map<number, number>();
  readonly #late = new Set<number>();

  /** Returns a shard that others have been running longer than `ms`; each only once. */
  takenLongerThan(ms: number, now_ms: number): Plan | undefined {
    for (const [shard, plan] of this.#taken) {
      const since = this.#taken_since.get(shard) ?? now_ms;
      this.#taken_since.set(shard, since);
      if (now_ms - since < ms || this.#late.has(shard)) continue;
      this.#late.add(shard);
      return plan;
    }
    return undefined;
  }

  /** Removes and returns the shards that others run, so that they are checked anew. */
  takeTaken(): Plan[] {
    const plans = [...this.#taken.values()];
    this.#taken.clear();
    return plans;
  }

  /** Marks a shard as done. @returns false when already done */
  done(shard: number): boolean {
    const first = this.#open.delete(shard);
    this.#done.add(shard);
    this.#taken.delete(shard);
    this.changed();
    return first;
  }

  elsewhere(shard: number): void {
    this.#open.delete(shard);
    this.#elsewhere.add(shard);
    this.changed();
  }

  failed(shard: number): void {
    this.#open.delete(shard);
    this.#failed.add(shard);
    this.changed();
  }

  failedAt(assignment: Assignment, executor: string, { again, counts }: { again: boolean; counts: boolean }): void {
    const shard = assignment.plan.shard_index;
    if (!this.#open.has(shard) || this.#running.has(shard) || this.isAbandoned(assignment)) return;
    if (!again) return this.failed(shard);
    const failures = assignment.failures + (counts ? 1 : 0);
    const faults = assignment.faults + (counts ? 0 : 1);
    const failed_at = new Set([...assignment.failed_at, executor]);
    const attempt = (this.#numbers.get(shard) ?? assignment.attempt) + 1;
    this.add({ ...assignment, attempt, failures, faults, failed_at });
  }

  report(): Omit<WorkReport, "done"> {
    return {
      failed: sorted(this.#failed),
      elsewhere: sorted(this.#elsewhere),
      left: sorted(this.#open),
    };
  }
}

/**
 * Whether a shard may start on an executor now. Another executor's share waits for that executor, and a shard that has
 * failed here waits while a ready executor exists on which it has not failed.
 */
function mayBegin({ plan, failed_at }: Assignment, executor: Executor, executors: readonly Executor[]): boolean {
  const owner = executors.find((one) => one.owns?.(plan));
  const mayTake = (one: Executor) => owner === undefined || owner === one || owner.isExpected?.() === false;
  if (!mayTake(executor)) return false;
  if (!failed_at.has(executor.name)) return true;
  return !executors.some((one) => one.isReady() && mayTake(one) && !failed_at.has(one.name));
}

const sorted = (shards: Iterable<number>) => [...shards].sort((a, b) => a - b);
