import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { livePlans } from "../../../core/check_manifest.ts";
import type { FarmManifest, Plan } from "../../../core/contracts/manifest.ts";
import { METRICS_SCHEMA } from "../../../core/contracts/shard_record.ts";
import { ownTemporaryFiles } from "../../../host/disk/write_file.ts";
import { commitShard } from "../../../host/shard/commit_shard.ts";
import { fitFiles } from "../../../host/shard/fit_files.ts";
import { readOutput, readShard } from "../../../host/shard/read_shard.ts";
import type { FitExit } from "../../../host/shard/start_fit.ts";
import type { Workbench } from "../../../host/shard/workbench.ts";
import { collectRun } from "../../../host/state/collect_run.ts";
import { localCrew } from "../../../host/work/local_place.ts";
import { runWorkLoop } from "../../../host/work/work_loop.ts";
import type { WorkReport } from "../../../host/work/work_event.ts";
import { sampleFrame, sampleManifest, sampleRecord } from "../../core/support/sample_run.ts";
import { benchOf, MACHINE } from "./bench.ts";
import { installDisk } from "./faulty_disk.ts";
import { type Fate, SimulatedWorker } from "./simulated_worker.ts";
import { SimulatedTime } from "./simulated_time.ts";

export const QUIET: Fate = { power_lost: false, takes_temporaries: false, lies: 0, refusals: 0 };
const BEAT_INTERVAL_S = 1;
/** Within so long everybody has left when all is done. */
const LEAVES_MS = 1000;
/** Longer than all that can happen in a schedule, in steps of the simulated clock. */
const MOST_STEPS = 3000;
const METRICS = JSON.stringify({ schema_version: METRICS_SCHEMA, status: { ok: true }, timing: {} });

/** Several real worker loops on one run directory, each on a simulated machine, with one simulated clock. */
export class ClaimsFarm {
  readonly dir = mkdtempSync("/dev/shm/nsfarm-claims-");
  readonly manifest: FarmManifest;
  readonly workers: SimulatedWorker[] = [];
  readonly #time: SimulatedTime;
  readonly #undo: () => void;
  #now: SimulatedWorker | undefined;
  /** How often each final name was given, and the file that got it. */
  readonly #given = new Map<string, number[]>();
  readonly #overtakes: string[] = [];
  /** When the last final name was given. */
  #last_ms = 0;

  constructor(readonly random: () => number, shards: number) {
    this.manifest = sampleManifest({ n_toys: 2 * shards, shards, run_dir: this.dir });
    writeFileSync(join(this.dir, "manifest.json"), JSON.stringify(this.manifest));
    this.#time = new SimulatedTime(random, (holder) => this.#enter(this.workers.find((one) => one === holder)));
    this.#undo = installDisk(() => this.#now);
    this.#time.install(() => this.#now);
  }

  close(): void {
    this.#time.uninstall();
    this.#undo();
    rmSync(this.dir, { recursive: true });
  }

  /** A worker on a machine comes after so long. */
  enlist(host: string, boot: number, fate: Fate, after_ms: number): void {
    const boot_id = (boot * 1000 + this.workers.length).toString(16).padStart(8, "b");
    const worker: SimulatedWorker = new SimulatedWorker(host, boot_id, fate, this.random, {
      died: () => {
        const { back_after_ms } = fate;
        if (fate.takes_temporaries) this.#removeTemporaries(worker);
        if (back_after_ms !== undefined) this.enlist(host, boot + 1, QUIET, back_after_ms);
      },
      overtaken: (path) => this.#byTheWorld(() => this.#overtake(path)),
      named: (path) => this.#note(path),
    });
    this.workers.push(worker);
    this.#time.after(after_ms, () => this.#begin(worker));
    const { stopped } = fate;
    if (!stopped) return;
    this.#time.after(after_ms + stopped.after_ms, () => {
      worker.stopped_until = this.#time.now_ms + stopped.for_ms;
    });
  }

  async run(): Promise<void> {
    for (let step = 0; step < MOST_STEPS; step++) if (!await this.#time.step()) return;
    assert.fail(`it goes on and on: ${this.told()}`);
  }

  told(): string {
    const workers = this.workers.map((one) => {
      const { host, outcome, isDead, why, fate } = one;
      return `${host} ${isDead ? "died" : outcome} ${why} ${JSON.stringify(fate)}`;
    });
    return [...workers, ...readdirSync(this.dir, { recursive: true }).map(String), ...this.#overtakes].join("\n");
  }

  /** From now on what is done is done by this worker; by nobody: by the world around them. */
  #enter(worker: SimulatedWorker | undefined): void {
    this.#now = worker;
    ownTemporaryFiles(worker?.process ?? { boot_id: "0a0a0a0a", pid: 1, start_ticks: "1" });
  }

  #byTheWorld(act: () => void): void {
    const before = this.#now;
    this.#enter(undefined);
    act();
    this.#enter(before);
  }

  #begin(worker: SimulatedWorker): void {
    this.#enter(worker);
    worker.began_ms = this.#time.now_ms;
    this.#loop(worker).then(
      (report) => {
        worker.outcome = "ended";
        worker.ended_ms = this.#time.now_ms;
        worker.report = report;
      },
      (error: unknown) => {
        worker.outcome = "threw";
        worker.why = error instanceof Error ? `${error.stack}` : String(error);
      },
    );
  }

  async #loop(worker: SimulatedWorker): Promise<WorkReport> {
    const bench = this.#bench(worker);
    const stop = new AbortController().signal;
    const shape = { slots: 1 + Math.floor(this.random() * 2), threads: 1, time_limit_s: null };
    const order = { token: `${worker.boot_id}00000000`, retry_failed: true, stop };
    const crew = await localCrew(shape)(bench, order);
    const options = { beat_interval_s: BEAT_INTERVAL_S, scatter: false, drain: false, speculate: this.random() < 0.5 };
    return await runWorkLoop(bench, crew.places, { ...options, ...order, slots: crew.slots }, worker.tell);
  }

  #bench(worker: SimulatedWorker): Workbench {
    const bench = benchOf(this.dir, this.manifest, {
      ...MACHINE,
      host: worker.host,
      process: worker.process,
      processes: {
        aliveOf: (asked, boot_id) => Promise.resolve(new Set(asked.filter((one) => one.boot_id === boot_id))),
        findByArgument: () => Promise.resolve([]),
      },
    });
    const usage = { cpu_user_s: null, cpu_system_s: null, max_rss_bytes: null };
    Object.assign(bench.meter, { watch: () => Promise.resolve(undefined), end: () => Promise.resolve(usage) });
    bench.startFit = (argv) => {
      const out = argv.find((word) => /\.out\.json$/.test(word)) ?? "";
      const ended = new Promise<FitExit>((resolve) => this.#fit(worker, out, () => resolve(WELL)));
      return Promise.resolve({ pid: 4_190_001, ended, stop: () => {} });
    };
    return bench;
  }

  /** A fit goes on when its worker is stopped or dead, but not without power; only a living worker hears of its end. */
  #fit(worker: SimulatedWorker, out: string, tell: () => void): void {
    const [, shard, attempt] = /shard_(\d+)\.(\d+)\.out\.json$/.exec(out) ?? [];
    const plan = this.#plan(Number(shard));
    const files = fitFiles(this.dir, plan.shard_index, Number(attempt));
    const text = this.#outText(plan, Number(attempt));
    const duration_ms = 200 * (1 + Math.floor(this.random() * 10));
    const powered = (act: () => void) => () => {
      if (!worker.isDead || !worker.fate.power_lost) act();
    };
    this.#time.after(duration_ms / 2, powered(() => writeFileSync(out, text.slice(0, 100))));
    this.#time.after(
      duration_ms - 1,
      powered(() => {
        writeFileSync(out, text);
        writeFileSync(files.metrics, METRICS);
      }),
    );
    this.#time.after(duration_ms, tell, worker);
    worker.fitted_ms = Math.max(worker.fitted_ms, this.#time.now_ms + duration_ms);
  }

  #plan(shard: number): Plan {
    const plan = livePlans(this.manifest)[shard];
    assert(plan);
    return plan;
  }

  /** Equal numbers, and bytes of its own. */
  #outText = (plan: Plan, attempt: number) =>
    JSON.stringify(sampleFrame(this.manifest, plan)) + " ".repeat(attempt) + "\n";

  /** A whole commit of the same shard by somebody else, while one is held up in the middle of its own. */
  #overtake(path: string): void {
    const plan = this.#plan(Number(/shard_(\d+)/.exec(path)?.[1]));
    const attempt = 50;
    const out_path = fitFiles(this.dir, plan.shard_index, attempt).out;
    writeFileSync(out_path, this.#outText(plan, attempt));
    const output = readOutput(out_path, this.manifest, plan);
    assert("output" in output);
    const record = sampleRecord(this.manifest, plan, { attempt, host: "n50" });
    const metrics = { schema_version: METRICS_SCHEMA, status: { ok: true }, timing: {} } as const;
    this.#overtakes.push(`${path} overtaken`);
    commitShard(this.dir, this.manifest, plan, { out_path, output, metrics, record });
    this.#seeNames();
  }

  #note(path: string): void {
    const name = /\/(shard_\d+\.(?:out|metrics)\.json)$/.exec(path)?.[1];
    if (name !== undefined && !path.includes("/incoming/") && !path.includes("/aside/")) this.#seeNames();
  }

  /** A final name has the file that it was given first, for good. */
  #seeNames(): void {
    for (const name of readdirSync(this.dir).filter((one) => /^shard_\d+\.(out|metrics)\.json$/.test(one))) {
      const { ino } = statSync(join(this.dir, name));
      const files = this.#given.get(name) ?? [];
      if (files.includes(ino)) continue;
      this.#given.set(name, [...files, ino]);
      this.#last_ms = this.#time.now_ms;
    }
  }

  #removeTemporaries({ boot_id }: SimulatedWorker): void {
    for (const name of readdirSync(this.dir, { recursive: true }).map(String)) {
      if (name.includes(`${boot_id}-`) && name.endsWith(".tmp")) rmSync(join(this.dir, name));
    }
  }

  /** Two hours in which nothing happens. */
  age(): void {
    const then = Date.now() / 1000 - 7200;
    for (const name of readdirSync(this.dir, { recursive: true })) utimesSync(join(this.dir, String(name)), then, then);
  }

  /** Each shard has one result, the first that it was given, and nothing of the dead is left but the tale of their attempts. */
  check(): void {
    for (const plan of livePlans(this.manifest)) {
      const { shard_index } = plan;
      assert.equal(readShard(this.dir, this.manifest, plan).kind, "done", `shard ${shard_index} is left`);
      for (const kind of ["out", "metrics"]) {
        const files = this.#given.get(`shard_${shard_index}.${kind}.json`);
        const { ino } = statSync(join(this.dir, `shard_${shard_index}.${kind}.json`));
        assert.deepEqual(files, [ino], `${kind} of shard ${shard_index} was committed more than once`);
      }
    }
    for (const { report, finished } of this.workers) {
      assert.deepEqual(finished.filter(({ aside }) => aside !== null), []);
      if (report) assert.deepEqual([report.failed, report.left], [[], []]);
    }
    this.#checkEnds();
  }

  /** Nobody that nothing happened to stays for long when all is done, whatever its machine has in mind. */
  #checkEnds(): void {
    for (const { host, fate, isDead, began_ms, fitted_ms, ended_ms } of this.workers) {
      if (isDead || fate.stopped || fate.lies > 0 || fate.refusals > 0) continue;
      const over_ms = Math.max(this.#last_ms, began_ms, fitted_ms);
      assert.ok(ended_ms <= over_ms + LEAVES_MS, `${host} left ${(ended_ms - over_ms) / 1000} s after all was done`);
    }
  }

  /** What stays when the run has been collected an hour later. */
  leftovers(): string[] {
    collectRun(join(this.dir, "manifest.json"), null, "2026-11-24T20:00:00.000Z");
    const names = readdirSync(this.dir, { recursive: true }).map(String);
    return names.filter((name) => /\.tmp$|\.commit$|^(incoming|claims|aside)\/./.test(name));
  }
}

const WELL: FitExit = { exit_code: 0, signal: null };
