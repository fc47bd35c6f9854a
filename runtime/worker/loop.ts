import { cutPlans } from "../../core/check_manifest.ts";
import { isOfEarlier } from "../../core/earlier_submission.ts";
import type { Attempt } from "../../core/schema/attempt.ts";
import type { Plan } from "../../core/schema/manifest.ts";
import type { ShardRecord } from "../../core/schema/shard_record.ts";
import { shardsWithFiles } from "../shard/list_run.ts";
import { hasFailed } from "../shard/attempts.ts";
import type { JobContext } from "../shard/context.ts";
import type { ShardEnd } from "../shard/fit.ts";
import { ingestIncoming } from "../shard/ingest.ts";
import { listRun, type RunListing } from "../shard/list_run.ts";
import { readShard } from "../shard/read.ts";
import { endLost, recoverShard, type Standing, sweepStray } from "../shard/recover.ts";
import { pauseFor } from "../system/process.ts";
import {
  type Assignment,
  classifyFailure,
  type Executor,
  type ExecutorPool,
  type StartedShard,
  startEvent,
  type WorkEvent,
  type WorkOptions,
  type WorkReport,
} from "./executor.ts";
import { MISSED, OtherLoops } from "./heartbeats.ts";
import { nextAssignment, ThroughputEstimator } from "./next.ts";
import { newAssignment, ShardQueue } from "./queue.ts";
import { Steer } from "./steer.ts";

/** Polling interval for shards that another process runs, and while a pause or throttle keeps shards from starting. */
const POLL_INTERVAL_MS = 300;
const HELD_BACK_MS = 1000;

/** Number of executor faults after which a shard is given up. */
const MAX_FAULTS = 10;

type Begun = { assignment: Assignment; started: StartedShard };

/** One loop, from its first listing of the run to its last shard. */
export class WorkLoop {
  readonly #queue = new ShardQueue();
  readonly #others: OtherLoops;
  readonly #throughput = new ThroughputEstimator();
  readonly #steer: Steer;
  #done = 0;
  #gave_up = false;
  /** Aborted when no shard is left to run or to start. */
  readonly #over = new AbortController();

  constructor(
    readonly context: JobContext,
    readonly pool: ExecutorPool,
    readonly options: WorkOptions,
    readonly notify: (event: WorkEvent) => void,
  ) {
    const { takes_unannounced = false, beat_interval_s } = options;
    this.#others = new OtherLoops(context.run.dir, takes_unannounced ? MISSED * beat_interval_s : Infinity);
    const loop = { token: options.token, slots: pool.slots, is_pilot: options.pilot ?? false };
    this.#steer = new Steer(context, loop, (message) => notify({ kind: "steered", message }));
  }

  async run(): Promise<WorkReport> {
    await this.#begin();
    this.#over.signal.addEventListener("abort", () => this.#queue.changed());
    const stop = () => this.#over.abort();
    this.options.stop.addEventListener("abort", stop, { once: true });
    if (this.options.stop.aborted || this.#queue.isSettled) stop();
    this.pool.watch?.(() => this.#queue.changed());
    const ended = (await Promise.all(this.pool.executors.map((executor) => this.#workOn(executor)))).flat();
    this.options.stop.removeEventListener("abort", stop);
    const broken = ended.find((slot) => slot.status === "rejected");
    if (broken) throw broken.reason;
    return { done: this.#done, ...this.#queue.report() };
  }

  async #begin(): Promise<void> {
    const { dir, manifest } = this.context.run;
    ingestIncoming(this.context.run);
    sweepStray(dir);
    const plans = cutPlans(manifest);
    const listing = listRun(dir);
    await this.#classifyAll(plans, listing);
    if (this.options.scatter) this.#queue.scatter(Math.random());
    this.notify(startEvent(plans.length, { done: this.#done, ...this.#queue.report() }));
  }

  async #classifyAll(plans: readonly Plan[], listing: RunListing): Promise<void> {
    this.#others.list();
    for (const plan of plans) this.#classify(plan, await recoverShard(this.context, plan, listing), listing);
  }

  #classify(plan: Plan, standing: Standing, listing: RunListing): void {
    const shard = plan.shard_index;
    if (standing.kind === "done") {
      this.#done++;
      this.#queue.done(shard);
      this.notify({ kind: "found", record: standing.record });
    } else if (standing.kind === "running" || standing.kind === "late") this.#queue.taken(plan);
    else if (standing.kind === "elsewhere") this.#rejoin(plan, standing);
    else if (this.#isLeftOut(shard, standing.attempts, listing)) this.#queue.failed(shard);
    else this.#queue.add(newAssignment(plan, standing.next));
  }

  /**
   * Whether this loop leaves an open shard alone. A loop that was submitted after a shard had failed reruns it; a failure
   * in a loop that a user started by hand counts as earlier.
   */
  #isLeftOut(shard: number, attempts: readonly Attempt[], listing: RunListing): boolean {
    const { drain, except, retry_failed } = this.options;
    if (drain || except?.has(shard)) return true;
    const last = attempts.at(-1);
    if (retry_failed || !last || !hasFailed(attempts)) return false;
    return isOfEarlier(listing.submissionTokens(), last.submission_token, this.context.ids.submission_token) === false;
  }

  /** Follows an attempt that an earlier process started on one of our executors. */
  #rejoin(plan: Plan, { attempts, next }: Extract<Standing, { kind: "elsewhere" }>): void {
    let found = false;
    for (const attempt of attempts) {
      const isOrphan = this.#others.judgeListed(attempt) !== "alive";
      const rejoined = this.pool.rejoin?.(plan, attempt, isOrphan);
      if (!rejoined) continue;
      found = true;
      const { executor, started } = rejoined;
      this.#queue.await(executor, { assignment: newAssignment(plan, attempt.attempt), started });
    }
    if (!found) this.#awaitLoop(plan, attempts, next);
  }

  /** Leaves a shard to the loop on another machine that started it; takes it over when that loop is dead. */
  #awaitLoop(plan: Plan, attempts: readonly Attempt[], next: number): void {
    const lives = attempts.map((attempt) => this.#others.judge(attempt));
    for (const [i, attempt] of attempts.entries()) if (lives[i] === "dead") endLost(this.context, plan, attempt);
    if (lives.includes("unknown")) this.#queue.elsewhere(plan.shard_index);
    else if (lives.includes("alive")) this.#queue.taken(plan);
    else this.#queue.add(newAssignment(plan, next));
  }

  get #stopped(): boolean {
    return this.#gave_up || this.options.stop.aborted;
  }

  async #workOn(executor: Executor): Promise<PromiseSettledResult<void>[]> {
    try {
      const slots = await executor.slots(this.#over.signal, () => this.#queue.changed());
      return await Promise.allSettled(slots.map((slot) => this.#work(executor, slot)));
    } catch (error) {
      this.#giveUp();
      return [{ status: "rejected", reason: error }];
    }
  }

  #giveUp(): void {
    this.#gave_up = true;
    this.#over.abort();
  }

  /** Runs one slot. Where it cannot continue (a full disk), the other slots finish their shards, and start no more. */
  async #work(executor: Executor, slot: string): Promise<void> {
    try {
      await this.#takeShards(executor, slot);
    } catch (error) {
      this.#giveUp();
      throw error;
    }
  }

  /** Runs shards in a slot. The next fit starts before the last result is committed, so that no CPU waits. */
  async #takeShards(executor: Executor, slot: string): Promise<void> {
    let last: Promise<void> | undefined;
    try {
      while (!this.#stopped && !this.#queue.isSettled) {
        const ready = await executor.ready(slot);
        const next = ready ? await this.#next(executor, slot) : undefined;
        const hadLast = last !== undefined;
        await last;
        last = undefined;
        if (next) {
          await this.#untilGone(executor, next, slot);
          last = this.#finish(executor, next);
          last.catch(() => {}); // awaited in the next round; until then a rejection must not end the process
        } else if (!ready) break;
        else if (!hadLast) await this.#wait();
      }
    } finally {
      await last;
    }
  }

  /** Announces a shard that runs in a slot, and waits until the slot is free. */
  async #untilGone(executor: Executor, { assignment: { plan }, started }: Begun, slot: string): Promise<void> {
    this.notify({ kind: "started", shard: plan.shard_index, slot });
    this.#throughput.runs(executor, slot, plan, started.gone);
    await started.gone;
  }

  /** Returns the next work of this slot: a shard that already runs there, or one that starts. */
  async #next(executor: Executor, slot: string): Promise<Begun | undefined> {
    if (this.#stopped || this.#leaves()) return undefined;
    const awaited = this.#queue.awaited(executor.name);
    return await this.#steer.counting(awaited !== undefined, async () => awaited ?? await this.#start(executor, slot));
  }

  /** Whether steering.json ends this loop: its running shards go on, and no other starts. */
  #leaves(): boolean {
    if (!this.options.drain && this.#steer.isLeaving()) this.#giveUp();
    return this.#gave_up;
  }

  async #start(executor: Executor, slot: string): Promise<Begun | undefined> {
    const { pool, options: { speculate }, context: { run: { dir } } } = this;
    const choice = { dir, queue: this.#queue, throughput: this.#throughput, pool, speculate };
    const assignment = nextAssignment(choice, executor, slot);
    if (!assignment) return undefined;
    const started = await executor.start(assignment, slot);
    if (started) return { assignment, started };
    this.#queue.release(assignment);
    this.#queue.taken(assignment.plan);
    return undefined;
  }

  async #wait(): Promise<void> {
    if (this.#over.signal.aborted) return;
    // Others may do a queued shard, or be slower than expected, so that this slot runs it after all.
    const mayChange = this.#inspecting || this.#queue.hasTaken || this.#queue.queued.length > 0;
    await Promise.race([this.#queue.change(), ...(mayChange ? [this.#inspectAgain()] : [])]);
  }

  async #finish(executor: Executor, { assignment, started }: Begun): Promise<void> {
    await pauseFor(2); // other tasks go first: above all the start of the next fit
    this.#record(executor, assignment, await started.finish());
    if (this.#queue.isSettled) this.#over.abort();
  }

  #record(executor: Executor, assignment: Assignment, end: ShardEnd): void {
    const shard = assignment.plan.shard_index;
    this.#queue.release(assignment);
    if (end.kind === "failed") return this.#recordFailure(executor, assignment, end.record);
    if (end.kind === "taken") {
      if (this.#queue.isOpen(shard) && !this.#queue.isAbandoned(assignment)) this.#queue.taken(assignment.plan);
      return this.notify({ kind: "taken", shard });
    }
    executor.recordSuccess?.();
    this.#throughput.done(executor, assignment.plan, end.record.wall_s);
    if (!this.#queue.done(shard)) return this.notify({ kind: "taken", shard });
    this.#done++;
    const aside = end.committed.kind === "differs" ? end.committed.aside : null;
    this.notify({ kind: "done", shard, record: end.record, aside });
  }

  #recordFailure(executor: Executor, assignment: Assignment, record: ShardRecord): void {
    const shard = assignment.plan.shard_index;
    const { failures, faults } = assignment;
    const { again: mayAgain, counts, given_up } = executor.classifyFailure?.(record, failures + 1, faults) ??
      classifyFailure(record, failures + 1);
    const again = !this.#stopped && !this.options.drain && mayAgain && faults < MAX_FAULTS;
    this.notify({ kind: "failed", shard, record, again });
    this.#queue.failedAt(assignment, executor.name, { again, counts });
    if (given_up === null || this.#gave_up) return;
    this.#giveUp();
    this.notify({ kind: "given_up", why: given_up });
  }

  #inspecting: Promise<void> | undefined;

  /**
   * Checks the run once for all idle slots together. A failed check is kept until a slot waits for it and throws its
   * error: the shards that it had taken from the queue are in no other list.
   */
  #inspectAgain(): Promise<void> {
    this.#inspecting ??= this.#inspect().then(() => this.#inspecting = undefined);
    return this.#inspecting;
  }

  async #inspect(): Promise<void> {
    await pauseFor(this.#steer.holdsBack ? HELD_BACK_MS : POLL_INTERVAL_MS);
    if (this.#leaves()) return;
    const listing = listRun(this.context.run.dir);
    await this.#classifyAll(this.#queue.takeTaken(), listing);
    this.#dropDone();
    if (this.#queue.isSettled) this.#over.abort();
  }

  /** Removes shards from the queue that another process has committed since. */
  #dropDone(): void {
    const { dir, manifest } = this.context.run;
    const queued = this.#queue.queued.filter(({ plan }) => this.#queue.isOpen(plan.shard_index));
    if (queued.length === 0) return;
    const recorded = shardsWithFiles(dir);
    for (const { plan } of queued.filter(({ plan }) => recorded.has(plan.shard_index))) {
      if (readShard(dir, manifest, plan).kind === "done" && this.#queue.done(plan.shard_index)) this.#done++;
    }
  }
}
