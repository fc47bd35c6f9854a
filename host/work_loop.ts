import { livePlans } from "../core/check_manifest.ts";
import { WORKER_SCHEMA } from "../core/contracts/worker.ts";
import type { Plan } from "../core/contracts/manifest.ts";
import type { ShardRecord } from "../core/contracts/shard_record.ts";
import { stopsWorker, triesAgain } from "../core/retry_policy.ts";
import { listAttempts } from "./attempts.ts";
import { finishShard, type ShardEnd } from "./fit_shard.ts";
import { settleIncoming } from "./settle_incoming.ts";
import { settleShard, type Standing, sweepIncoming } from "./settle_shard.ts";
import { type RunningShard, startShard } from "./start_shard.ts";
import { sweepTemporary } from "./sweep_temporary.ts";
import type { Workbench } from "./workbench.ts";
import { announceWorker, sweepWorkers, withdrawWorker } from "./workers.ts";

export interface WorkOptions {
  token: string;
  slots: number;
  threads: number;
  time_limit_s: number | null;
  /** Run shards again whose attempts had failed before this loop began. */
  retry_failed: boolean;
  stop: AbortSignal;
}

/** What a loop tells while it works. */
export type WorkEvent =
  | { kind: "begun"; total: number; done: number; failed: number; running_elsewhere: number }
  | { kind: "started"; shard: number; slot: string }
  | { kind: "done"; shard: number; record: ShardRecord; aside: string | null }
  | { kind: "failed"; shard: number; record: ShardRecord; again: boolean }
  | { kind: "waiting"; shards: number[]; where: string }
  | { kind: "given_up"; why: string };

export interface WorkReport {
  done: number;
  failed: number[];
  /** Begun on machines that cannot be asked from here. */
  elsewhere: number[];
  /** Not begun, because the loop was stopped. */
  left: number[];
}

interface Order {
  plan: Plan;
  attempt: number;
  failures: number;
}

/** How often shards that another process runs are looked at again. */
const LOOK_AGAIN_MS = 300;

/**
 * Takes the next open shard, runs it in a free slot, checks and commits it, and goes on until none is left. Any
 * number of loops may work on one run: each shard's attempt file has one owner.
 */
export async function runWorkLoop(
  bench: Workbench,
  options: WorkOptions,
  tell: (event: WorkEvent) => void,
): Promise<WorkReport> {
  const { dir, manifest } = bench.run;
  await sweepTemporary(dir, bench.machine);
  await sweepWorkers(dir, bench.machine.process.boot_id);
  announceWorker(dir, {
    schema_version: WORKER_SCHEMA,
    token: options.token,
    run_token: manifest.farm.run_token,
    process: bench.machine.process,
    slots: options.slots,
    started_at_utc: new Date().toISOString(),
  });
  try {
    return await new WorkLoop(bench, options, tell).run();
  } finally {
    withdrawWorker(dir, options.token);
  }
}

class WorkLoop {
  readonly #queue: Order[] = [];
  readonly #taken = new Map<number, Plan>();
  readonly #elsewhere = new Set<number>();
  readonly #failed = new Set<number>();
  #done = 0;
  #gave_up = false;

  constructor(
    readonly bench: Workbench,
    readonly options: WorkOptions,
    readonly tell: (event: WorkEvent) => void,
  ) {}

  async run(): Promise<WorkReport> {
    await this.#begin();
    const { slots } = this.options;
    const ended = await Promise.allSettled(
      Array.from({ length: slots }, (_, i) => this.#work(`${this.bench.machine.host}:${i}`)),
    );
    const broken = ended.find((slot) => slot.status === "rejected");
    if (broken) throw broken.reason;
    return {
      done: this.#done,
      failed: sorted(this.#failed),
      elsewhere: sorted(this.#elsewhere),
      left: sorted([...this.#queue.map((order) => order.plan.shard_index), ...this.#taken.keys()]),
    };
  }

  async #begin(): Promise<void> {
    const { dir, manifest } = this.bench.run;
    settleIncoming(this.bench.run);
    const plans = livePlans(manifest);
    const attempts = listAttempts(dir);
    sweepIncoming(dir, new Set([...attempts].flatMap(([shard, all]) => all.map((n) => `shard_${shard}.${n}`))));
    for (const plan of plans) {
      this.#sort(plan, await settleShard(this.bench, plan, attempts.get(plan.shard_index) ?? []));
    }
    const { size: failed } = this.#failed;
    this.tell({
      kind: "begun",
      total: plans.length,
      done: this.#done,
      failed,
      running_elsewhere: this.#elsewhere.size,
    });
  }

  #sort(plan: Plan, standing: Standing): void {
    const shard = plan.shard_index;
    this.#taken.delete(shard);
    if (standing.kind === "done") this.#done++;
    else if (standing.kind === "running") this.#taken.set(shard, plan);
    else if (standing.kind === "elsewhere") this.#elsewhere.add(shard);
    else if (!this.options.retry_failed && standing.attempts.at(-1)?.end) this.#failed.add(shard);
    else this.#queue.push({ plan, attempt: standing.next, failures: 0 });
  }

  get #stopped(): boolean {
    return this.#gave_up || this.options.stop.aborted;
  }

  /** A slot. Where it cannot go on (a full disk), the others end what they run, and begin nothing. */
  async #work(slot: string): Promise<void> {
    try {
      await this.#takeShards(slot);
    } catch (error) {
      this.#gave_up = true;
      throw error;
    }
  }

  /** The next fit is started before the last one's result is checked and committed, so that no CPU waits. */
  async #takeShards(slot: string): Promise<void> {
    let last: Promise<void> | undefined;
    try {
      while (!this.#stopped) {
        const order = this.#queue.shift();
        const running = order && await this.#start(order, slot);
        await last;
        last = undefined;
        if (order && running) {
          this.tell({ kind: "started", shard: order.plan.shard_index, slot });
          await running.gone;
          last = this.#finish(order, running);
        } else if (!order && this.#taken.size > 0) await this.#lookAgain();
        else if (!order && this.#queue.length === 0) break;
      }
    } finally {
      await last;
    }
  }

  async #start(order: Order, slot: string): Promise<RunningShard | undefined> {
    const { threads, time_limit_s, stop } = this.options;
    const running = await startShard(this.bench, { ...order, slot, threads, time_limit_s, stop });
    if (!running) this.#taken.set(order.plan.shard_index, order.plan);
    return running;
  }

  async #finish(order: Order, running: RunningShard): Promise<void> {
    await nextTurn();
    this.#take(order, await finishShard(this.bench, running));
  }

  #take(order: Order, end: ShardEnd): void {
    const shard = order.plan.shard_index;
    if (end.kind === "taken") {
      this.#taken.set(shard, order.plan);
    } else if (end.kind === "done") {
      this.#done++;
      const aside = end.committed.kind === "differs" ? end.committed.aside : null;
      this.tell({ kind: "done", shard, record: end.record, aside });
    } else {
      this.#fail(order, end.record);
    }
  }

  #fail(order: Order, record: ShardRecord): void {
    const shard = order.plan.shard_index;
    const failures = order.failures + 1;
    const again = !this.#stopped && triesAgain(record.cause, failures);
    this.tell({ kind: "failed", shard, record, again });
    if (again) this.#queue.push({ ...order, failures, attempt: order.attempt + 1 });
    else this.#failed.add(shard);
    if (!stopsWorker(record.cause) || this.#gave_up) return;
    this.#gave_up = true;
    this.tell({ kind: "given_up", why: `${record.cause}: ${record.stderr_tail[0] ?? "no message"}` });
  }

  #looking: Promise<void> | undefined;

  /** One look for all idle slots together. */
  #lookAgain(): Promise<void> {
    this.#looking ??= this.#look().finally(() => this.#looking = undefined);
    return this.#looking;
  }

  async #look(): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS));
    const attempts = listAttempts(this.bench.run.dir);
    for (const [shard, plan] of [...this.#taken]) {
      this.#sort(plan, await settleShard(this.bench, plan, attempts.get(shard) ?? []));
    }
  }
}

/** Lets what waits go first: above all the start of the next fit. */
const nextTurn = () => new Promise((resolve) => setTimeout(resolve, 2));

const sorted = (shards: Iterable<number>) => [...shards].sort((a, b) => a - b);
