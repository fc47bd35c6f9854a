import { livePlans } from "../../core/check_manifest.ts";
import { isOfEarlier } from "../../core/earlier_submission.ts";
import type { Attempt } from "../../core/contracts/attempt.ts";
import type { Plan } from "../../core/contracts/manifest.ts";
import type { ShardRecord } from "../../core/contracts/shard_record.ts";
import { hasFailed } from "../shard/attempts.ts";
import type { ShardEnd } from "../shard/fit_shard.ts";
import { Heartbeats } from "./heartbeats.ts";
import { nextOrder } from "./next_order.ts";
import { newOrder, type Order, OrderBook } from "./order_book.ts";
import { listRun, type RunListing } from "../shard/list_run.ts";
import { Paces } from "./paces.ts";
import { pauseFor } from "../machine/pause_for.ts";
import type { Begun, Place } from "./place.ts";
import { shardsWithFiles } from "../jobs/absent_since.ts";
import { readShard } from "../shard/read_shard.ts";
import { settleIncoming } from "../shard/settle_incoming.ts";
import { endLost, settleShard, type Standing, sweepIncoming } from "../shard/settle_shard.ts";
import { sweepTemporary } from "../disk/sweep_temporary.ts";
import { begunEvent, type WorkEvent, type WorkOptions, type WorkReport } from "./work_event.ts";
import type { Workbench } from "../shard/workbench.ts";
import { announced, listWorkers, sweepWorkers } from "./workers.ts";

/** How often shards that another process runs are looked at again. */
const LOOK_AGAIN_MS = 300;

/**
 * Takes the next open shard, runs it in a free slot, checks and commits it, and goes on until none is left. Any
 * number of loops may work on one run: each shard's attempt file has one owner.
 */
export async function runWorkLoop(
  bench: Workbench,
  places: readonly Place[],
  options: WorkOptions,
  tell: (event: WorkEvent) => void,
): Promise<WorkReport> {
  const { run: { dir, manifest }, machine } = bench;
  await sweepTemporary(dir, machine);
  await sweepWorkers(bench.run, machine.process.boot_id);
  const { token, slots, beat_interval_s } = options;
  const worker = { token, slots, run_token: manifest.farm.run_token, process: machine.process };
  return await announced(dir, worker, beat_interval_s, () => new WorkLoop(bench, places, options, tell).run());
}

class WorkLoop {
  readonly #book = new OrderBook();
  readonly #beats = new Heartbeats();
  readonly #paces = new Paces();
  #done = 0;
  #gave_up = false;
  /** Aborted when nothing is left to do, or to be begun. */
  readonly #over = new AbortController();

  constructor(
    readonly bench: Workbench,
    readonly places: readonly Place[],
    readonly options: WorkOptions,
    readonly tell: (event: WorkEvent) => void,
  ) {}

  async run(): Promise<WorkReport> {
    await this.#begin();
    this.#over.signal.addEventListener("abort", () => this.#book.changed());
    const stop = () => this.#over.abort();
    this.options.stop.addEventListener("abort", stop, { once: true });
    if (this.options.stop.aborted || this.#book.isSettled) stop();
    const ended = (await Promise.all(this.places.map((place) => this.#workAt(place)))).flat();
    this.options.stop.removeEventListener("abort", stop);
    const broken = ended.find((slot) => slot.status === "rejected");
    if (broken) throw broken.reason;
    return { done: this.#done, ...this.#book.report() };
  }

  async #begin(): Promise<void> {
    const { dir, manifest } = this.bench.run;
    settleIncoming(this.bench.run);
    const plans = livePlans(manifest);
    const listing = listRun(dir);
    sweepIncoming(dir, new Set([...listing.attempts].flatMap(([shard, all]) => all.map((n) => `shard_${shard}.${n}`))));
    await this.#sortAll(plans, listing);
    if (this.options.scatter) this.#book.scatter(Math.random());
    this.tell(begunEvent(plans.length, { done: this.#done, ...this.#book.report() }));
  }

  async #sortAll(plans: readonly Plan[], listing: RunListing): Promise<void> {
    const now_ms = performance.now();
    this.#beats.look(listWorkers(this.bench.run.dir), now_ms);
    this.#is_listed_again = false;
    for (const plan of plans) this.#sort(plan, await settleShard(this.bench, plan, listing), listing);
  }

  #sort(plan: Plan, standing: Standing, listing: RunListing): void {
    if (standing.kind === "done") {
      this.#done++;
      this.#book.done(plan.shard_index);
      this.tell({ kind: "found", record: standing.record });
    } else if (standing.kind === "running" || standing.kind === "late") this.#book.taken(plan);
    else if (standing.kind === "elsewhere") this.#rejoin(plan, standing);
    else if (this.options.drain) this.#book.failed(plan.shard_index);
    else if (!this.options.retry_failed && this.#isOver(standing.attempts, listing)) {
      this.#book.failed(plan.shard_index);
    } else this.#book.add(newOrder(plan, standing.next));
  }

  /**
   * Whether a shard has failed, and this loop was not submitted after that: then it was submitted to run that shard
   * again. A failure in a loop that somebody typed counts as one before.
   */
  #isOver(attempts: readonly Attempt[], listing: RunListing): boolean {
    const last = attempts.at(-1);
    if (!last || !hasFailed(attempts)) return false;
    return isOfEarlier(listing.submissionTokens(), last.submission_token, this.bench.ids.submission_token) === false;
  }

  /** What an earlier process began at one of our places is awaited there. */
  #rejoin(plan: Plan, { attempts, next }: Extract<Standing, { kind: "elsewhere" }>): void {
    let found = false;
    for (const attempt of attempts) {
      for (const place of this.places) {
        const isOrphan = this.#beats.judge(attempt) !== "alive";
        const begun = place.rejoin(plan, attempt, isOrphan);
        if (!begun) continue;
        found = true;
        this.#book.await(place.name, { order: newOrder(plan, attempt.attempt), begun });
        break;
      }
    }
    if (!found) this.#awaitLoop(plan, attempts, next);
  }

  #is_listed_again = false;

  /** Judges an attempt; where nobody knows, the loops are listed once more, since one listing can miss a file. */
  #judge(attempt: Attempt): ReturnType<Heartbeats["judge"]> {
    const life = this.#beats.judge(attempt);
    if (life !== "unknown" || this.#is_listed_again) return life;
    this.#is_listed_again = true;
    const now_ms = performance.now();
    this.#beats.look(listWorkers(this.bench.run.dir), now_ms);
    return this.#beats.judge(attempt);
  }

  /** What a loop on another machine began is left to it while it lives, and taken over when it does not. */
  #awaitLoop(plan: Plan, attempts: readonly Attempt[], next: number): void {
    const lives = attempts.map((attempt) => this.#judge(attempt));
    for (const [i, attempt] of attempts.entries()) if (lives[i] === "dead") endLost(this.bench, plan, attempt);
    if (lives.includes("unknown")) this.#book.elsewhere(plan.shard_index);
    else if (lives.includes("alive")) this.#book.taken(plan);
    else this.#book.add(newOrder(plan, next));
  }

  get #stopped(): boolean {
    return this.#gave_up || this.options.stop.aborted;
  }

  async #workAt(place: Place): Promise<PromiseSettledResult<void>[]> {
    try {
      const slots = await place.open(this.#over.signal, () => this.#book.changed());
      return await Promise.allSettled(slots.map((slot) => this.#work(place, slot)));
    } catch (error) {
      this.#giveUp();
      return [{ status: "rejected", reason: error }];
    }
  }

  #giveUp(): void {
    this.#gave_up = true;
    this.#over.abort();
  }

  /** A slot. Where it cannot go on (a full disk), the others end what they run, and begin nothing. */
  async #work(place: Place, slot: string): Promise<void> {
    try {
      await this.#takeShards(place, slot);
    } catch (error) {
      this.#giveUp();
      throw error;
    }
  }

  /** The next fit is started before the last one's result is checked and committed, so that no CPU waits. */
  async #takeShards(place: Place, slot: string): Promise<void> {
    let last: Promise<void> | undefined;
    try {
      while (!this.#stopped && !this.#book.isSettled) {
        const ready = await place.ready(this.#over.signal, slot);
        const next = ready ? await this.#next(place, slot) : undefined;
        const waited = last !== undefined;
        await last;
        last = undefined;
        if (next) {
          this.tell({ kind: "started", shard: next.order.plan.shard_index, slot });
          this.#paces.runs(place, slot, next.order.plan, next.begun.gone);
          await next.begun.gone;
          last = this.#finish(place, next.order, next.begun);
          last.catch(() => {}); // it is awaited in the next round, and must not end the process before
        } else if (!ready) break;
        else if (!waited) await this.#wait();
      }
    } finally {
      await last;
    }
  }

  /** What this slot has to do now: a shard that already runs there, or one that begins. */
  async #next(place: Place, slot: string): Promise<{ order: Order; begun: Begun } | undefined> {
    if (this.#stopped) return undefined;
    const awaited = this.#book.awaited(place.name);
    if (awaited) return awaited;
    const { places, options: { speculate }, bench: { run: { dir } } } = this;
    const order = nextOrder({ dir, book: this.#book, paces: this.#paces, places, speculate }, place, slot);
    if (!order) return undefined;
    const begun = await place.start({ plan: order.plan, attempt: order.attempt, slot });
    if (begun) return { order, begun };
    this.#book.release(order);
    this.#book.taken(order.plan);
    return undefined;
  }

  /** Waits for something to do. */
  async #wait(): Promise<void> {
    if (this.#over.signal.aborted) return;
    // What is queued may be done by others meanwhile, or is taken after all when the places it was left to are slower.
    if (this.#book.hasTaken || this.#book.queued.length > 0) {
      await Promise.race([this.#book.change(), this.#lookAgain()]);
    } else await this.#book.change();
  }

  async #finish(place: Place, order: Order, begun: Begun): Promise<void> {
    await pauseFor(2); // what waits goes first: above all the start of the next fit
    this.#take(place, order, await begun.finish());
    if (this.#book.isSettled) this.#over.abort();
  }

  #take(place: Place, order: Order, end: ShardEnd): void {
    const shard = order.plan.shard_index;
    this.#book.release(order);
    if (end.kind === "taken") {
      if (this.#book.isOpen(shard) && !this.#book.isAbandoned(order)) this.#book.taken(order.plan);
      this.tell({ kind: "taken", shard });
    } else if (end.kind === "done") {
      place.praise();
      this.#paces.done(place, order.plan, end.record.wall_s);
      if (!this.#book.done(shard)) return this.tell({ kind: "taken", shard });
      this.#done++;
      const aside = end.committed.kind === "differs" ? end.committed.aside : null;
      this.tell({ kind: "done", shard, record: end.record, aside });
    } else {
      this.#fail(place, order, end.record);
    }
  }

  #fail(place: Place, order: Order, record: ShardRecord): void {
    const shard = order.plan.shard_index;
    const verdict = place.judge(record, order.failures + 1, order.faults);
    const again = !this.#stopped && !this.options.drain && verdict.again && order.faults < MOST_FAULTS;
    this.tell({ kind: "failed", shard, record, again });
    this.#book.failedAt(order, place.name, { again, counts: verdict.counts });
    if (verdict.given_up === null || this.#gave_up) return;
    this.#giveUp();
    this.tell({ kind: "given_up", why: verdict.given_up });
  }

  #looking: Promise<void> | undefined;

  /** One look for all idle slots together. */
  #lookAgain(): Promise<void> {
    this.#looking ??= this.#look().finally(() => this.#looking = undefined);
    return this.#looking;
  }

  async #look(): Promise<void> {
    await pauseFor(LOOK_AGAIN_MS);
    const listing = listRun(this.bench.run.dir);
    await this.#sortAll(this.#book.takeTaken(), listing);
    this.#dropDone();
    if (this.#book.isSettled) this.#over.abort();
  }

  /** Strikes shards off the queue that another process has committed since. */
  #dropDone(): void {
    const { dir, manifest } = this.bench.run;
    const queued = this.#book.queued.filter(({ plan }) => this.#book.isOpen(plan.shard_index));
    if (queued.length === 0) return;
    const recorded = shardsWithFiles(dir);
    for (const { plan } of queued.filter(({ plan }) => recorded.has(plan.shard_index))) {
      if (readShard(dir, manifest, plan).kind === "done" && this.#book.done(plan.shard_index)) this.#done++;
    }
  }
}

/** A shard whose places are to blame each time is given up after so many. */
const MOST_FAULTS = 10;
