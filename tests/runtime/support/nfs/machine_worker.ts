/// <reference lib="deno.worker" />
import { basename, dirname } from "node:path";
import { ownTemporaryFiles } from "../../../../runtime/fs/write.ts";
import { type FitExit, fitFiles, type JobContext } from "../../../../runtime/shard/context.ts";
import { collectRun } from "../../../../runtime/state/collect.ts";
import type { WorkReport } from "../../../../runtime/worker/executor.ts";
import { localPool } from "../../../../runtime/worker/local.ts";
import { runWorkLoop } from "../../../../runtime/worker/run.ts";
import { contextOf, MACHINE } from "../context.ts";
import { type Fate, Job, type Life, manifestOf, QUIET, type Window } from "./job.ts";
import { type Caller, Killed, NfsClient, real } from "./nfs_client.ts";
import { Timers } from "./timers.ts";
import { Turns } from "./turns.ts";

/** Seconds between two beats of a loop. */
const BEAT_INTERVAL_S = 1;
const WELL: FitExit = { exit_code: 0, signal: null };
/** More turns of the microtask queue than follow from one timer; the event loop itself would be slower by far. */
const TURNS = 60;

/** A process on a machine, from its start to its end. */
class Process implements Caller {
  isDead = false;
  readonly life: Life;
  readonly boot_id: string;
  #second = -1;
  #calls_then = 0;

  constructor(readonly machine: Machine, readonly number: number, readonly fate: Fate) {
    const { host, actor, speculate } = machine.job;
    this.boot_id = (actor * 16 + number).toString(16).padStart(8, "b");
    this.life = {
      ...{ host, fate, outcome: "goes on", why: "", began_ms: machine.turns.now_ms, ended_ms: null, speculate },
      ...{ calls: 0, most_calls: 0, given: [], open: [], asides: 0, collected: [] },
    };
  }

  get process() {
    return { host: this.life.host, boot_id: this.boot_id, pid: 4_190_000, start_ticks: "7" };
  }

  before(): void {
    if (this.isDead) throw new Killed();
    const { turns } = this.machine;
    turns.pass(turns.now_ms);
    for (let until = this.#heldUntil(); until > turns.now_ms; until = this.#heldUntil()) turns.pass(until);
    this.#count();
    if (this.life.calls === this.fate.killed_at_call) this.#die();
  }

  #heldUntil(): number {
    const { turns: { now_ms }, job: { outage } } = this.machine;
    return Math.max(...[this.fate.stopped, this.fate.cut_off, outage].map((one) => endOf(one, now_ms)));
  }

  #count(): void {
    this.life.calls++;
    const second = Math.floor(this.machine.turns.now_ms / 1000);
    this.#calls_then = second === this.#second ? this.#calls_then + 1 : 1;
    this.#second = second;
    this.life.most_calls = Math.max(this.life.most_calls, this.#calls_then);
  }

  #die(): never {
    this.isDead = true;
    this.end("killed");
    this.machine.died(this);
    throw new Killed();
  }

  end(outcome: Life["outcome"], why = ""): void {
    if (this.life.outcome === "killed") return;
    Object.assign(this.life, { outcome, why, ended_ms: this.machine.turns.now_ms });
  }

  lie() {
    if (this.machine.turns.random() >= this.fate.lies) return null;
    return (["EIO", "EEXIST", "ENOENT"] as const)[this.machine.turns.upTo(3)] ?? null;
  }

  refuses(): boolean {
    return this.machine.turns.random() < this.fate.refusals;
  }

  named(path: string): void {
    const { dir } = this.machine.job;
    const name = basename(path);
    if (dirname(path) !== dir || !/^shard_\d+\.(out|metrics)\.json$/.test(name)) return;
    const { ino } = real.lstatSync(path);
    this.life.given.push({ name, ino: ino ?? 0, at_ms: this.machine.turns.now_ms });
  }
}

/** The end of a window that a moment is in; else that moment. */
const endOf = (window: Window | null, now_ms: number): number =>
  window && window[0] <= now_ms && now_ms < window[1] ? window[1] : now_ms;

/** A machine of one schedule, with its client of the file server. */
class Machine {
  readonly client: NfsClient;
  readonly timers: Timers<Process>;
  readonly processes: Process[] = [];
  #now: Process | undefined;

  constructor(readonly turns: Turns, readonly job: Job) {
    this.client = new NfsClient(turns, job.rules, job.cache, () => this.#current());
    this.client.install();
    const { stopped } = job.fate;
    this.timers = new Timers<Process>(
      () => turns.now_ms,
      () => this.#now,
      (owner, at_ms) => owner.isDead ? Infinity : owner.number === 0 ? endOf(stopped, at_ms) : at_ms,
    );
    this.timers.install();
    this.#begin(job.fate);
  }

  #current(): Process {
    if (!this.#now) throw new Error("Nobody is there who calls");
    return this.#now;
  }

  get due_ms(): number {
    return this.timers.due_ms;
  }

  step(): void {
    const due = this.timers.takeDue();
    if (!due) return;
    if (due.owner) this.#enter(due.owner);
    due.act();
  }

  #enter(process: Process): void {
    this.#now = process;
    ownTemporaryFiles(process.process);
  }

  #begin(fate: Fate): void {
    const process = new Process(this, this.processes.length, fate);
    this.processes.push(process);
    this.#enter(process);
    if (this.job.kind === "collect") {
      for (const at_ms of this.job.times_ms) this.timers.at(at_ms, () => this.#collect(process), process);
      return;
    }
    this.#loop(process).then(
      (report) => {
        process.life.open = [...report.failed, ...report.left];
        process.end("ended");
      },
      (error: unknown) => process.end("threw", error instanceof Error ? `${error.stack}` : String(error)),
    );
  }

  died(process: Process): void {
    const { fate: { back_after_ms } } = process;
    if (back_after_ms === null) return;
    this.turns.stopFits(this.turns.me, process.number);
    this.timers.at(this.turns.now_ms + back_after_ms, () => {
      this.client.restarted();
      this.#begin(QUIET);
    }, undefined);
  }

  async #collect(process: Process): Promise<void> {
    try {
      const { not_ok, counts } = await collectRun(`${this.job.dir}/manifest.json`, null, "2026-11-24T20:00:00.000Z");
      const bad = new Set(not_ok.map(({ shard_index }) => shard_index));
      const good = Array.from({ length: counts.total }, (_, i) => i).filter((i) => !bad.has(i));
      process.life.collected.push(good);
      if (process.life.collected.length === this.job.times_ms.length) process.end("ended");
    } catch (error) {
      process.end("threw", error instanceof Error ? `${error.stack}` : String(error));
    }
  }

  async #loop(process: Process): Promise<WorkReport> {
    const context = this.#context(process);
    const shape = { slots: this.job.slots, threads: 1, time_limit_s: null };
    const order = { token: `${process.boot_id}00000000`, retry_failed: true, stop: new AbortController().signal };
    const pool = await localPool(shape)(context, order);
    const { speculate } = this.job;
    const options = { beat_interval_s: BEAT_INTERVAL_S, scatter: false, drain: false, speculate };
    return await runWorkLoop(context, pool, { ...options, ...order }, (event) => {
      if (event.kind === "done" && event.aside !== null) process.life.asides++;
    });
  }

  #context(process: Process): JobContext {
    const context = contextOf(this.job.dir, manifestOf(this.job), {
      ...MACHINE,
      host: process.life.host,
      process: process.process,
      processes: {
        aliveOf: (asked, boot_id) => Promise.resolve(new Set(asked.filter((one) => one.boot_id === boot_id))),
        findByArgument: () => Promise.resolve([]),
      },
    });
    const usage = { cpu_user_s: null, cpu_system_s: null, max_rss_bytes: null };
    Object.assign(context.meter, { watch: () => Promise.resolve("9"), end: () => Promise.resolve(usage) });
    context.startFit = (argv) => Promise.resolve({ pid: 4_190_001, ended: this.#fit(process, argv), stop: () => {} });
    return context;
  }

  /** A fit of this process goes on in the world; only this process, alive, gets its end. */
  #fit(process: Process, argv: readonly string[]): Promise<FitExit> {
    const out = argv.find((word) => /\.out\.json$/.test(word)) ?? "";
    const [, shard, attempt] = (/shard_(\d+)\.(\d+)\.out\.json$/.exec(out) ?? []).map(Number);
    const started_ms = this.turns.now_ms;
    const end_ms = started_ms + (this.turns.random() < 0.1 ? 1000 : 200) * (1 + this.turns.upTo(10));
    const half_ms = (started_ms + end_ms) / 2;
    const of = { actor: this.turns.me, life: process.number, shard: shard ?? 0, attempt: attempt ?? 0 };
    this.turns.startFit({ ...of, started_ms, half_ms, end_ms });
    const files = fitFiles(this.job.dir, of.shard, of.attempt);
    return new Promise((resolve) =>
      this.timers.at(end_ms + 1, () => {
        this.client.names.forget(files.out, files.metrics);
        resolve(WELL);
      }, process)
    );
  }
}

/** Serves one schedule after the other; all other threads stand still while this one goes on. */
async function serve(turns: Turns): Promise<void> {
  let machine: Machine | undefined;
  for (turns.awaitTurn();;) {
    const text = turns.readText(turns.me);
    if (text.startsWith("job")) {
      turns.writeText(turns.me, "");
      machine = new Machine(turns, Job.parse(JSON.parse(text.slice(3))));
    } else machine?.step();
    for (let turn = 0; turn < TURNS; turn++) await undefined;
    const due_ms = machine?.due_ms ?? Infinity;
    if (due_ms === Infinity) {
      turns.writeText(
        turns.me,
        JSON.stringify(machine?.processes.map(({ life }) => life) ?? []),
      );
    }
    turns.pass(due_ms);
  }
}

self.onmessage = ({ data: { memory, me } }: MessageEvent<{ memory: SharedArrayBuffer; me: number }>) => {
  const turns = new Turns(memory, me);
  performance.now = () => turns.now_ms;
  const wait = Atomics.wait;
  const waitOrPass = (words: Int32Array, at: number, value: number, ms = Infinity) => {
    if (words.buffer === memory) return wait(words, at, value, ms);
    turns.pass(turns.now_ms + ms);
    return "timed-out";
  };
  Reflect.set(Atomics, "wait", waitOrPass);
  void serve(turns);
};
