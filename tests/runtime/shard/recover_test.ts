import assert from "node:assert/strict";
import { mkdir, readdir, readFile, rm, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Attempt } from "../../../core/schema/attempt.ts";
import { listNames } from "../../../runtime/fs/list.ts";
import { beginAttempt } from "../../../runtime/shard/attempts.ts";
import { listRun } from "../../../runtime/shard/list_run.ts";
import { recoverShard, sweepStray } from "../../../runtime/shard/recover.ts";
import { inspectMachine, type Machine } from "../../../runtime/system/machine.ts";
import { sampleFrame } from "../../fixtures/output.ts";
import { planOf, RUN_TOKEN, sampleAttempt, sampleManifest, sampleRecord } from "../../fixtures/run.ts";
import { readRecord } from "../../support/run_dir.ts";
import { inFolder, until } from "../../support/scratch.ts";
import { contextOf } from "../support/context.ts";
import { sleepingChild } from "../support/child.ts";

const manifest = sampleManifest();
const plan = planOf(manifest, 1);
const machine = await inspectMachine();
const GONE = { ...machine.process, pid: 4_194_000, start_ticks: "1" };
const LONG_AGO = "2001-01-01T00:00:00.000Z";
const OUTPUT = JSON.stringify(sampleFrame(manifest, plan));

/** A run directory with attempts of shard 1. */
function inRun(work: (run: Trial) => Promise<void>): Promise<void> {
  return inFolder(async (folder) => {
    for (const name of ["attempts", "incoming"]) await mkdir(join(folder, name));
    await work(new Trial(folder));
  });
}

class Trial {
  constructor(readonly dir: string) {}

  begin(change: Partial<Attempt>): void {
    beginAttempt(this.dir, sampleAttempt(manifest, plan, { wrapper: GONE, ...change }));
  }

  write(name: string, text: string): Promise<void> {
    return writeFile(join(this.dir, name), text);
  }

  /** Sets when a file was last written, by the clock of the file server. */
  date(name: string, utc: string): Promise<void> {
    return utimes(join(this.dir, name), new Date(), new Date(utc));
  }

  settle(isOver?: (attempt: Attempt) => boolean, here: Machine = machine) {
    return recoverShard(contextOf(this.dir, manifest, here), plan, listRun(this.dir), isOver);
  }

  /** Names of files, but for folders. */
  async files(): Promise<string[]> {
    const entries = await readdir(this.dir, { recursive: true, withFileTypes: true });
    return entries.filter((entry) => entry.isFile()).map((entry) =>
      join(entry.parentPath, entry.name).slice(this.dir.length + 1)
    ).sort();
  }
}

Deno.test("a shard without attempts is open, and its first attempt has number 1", () =>
  inRun(async (run) => assert.deepEqual(await run.settle(), { kind: "open", attempts: [], next: 1 })));

Deno.test("an attempt whose wrapper lives is running: it is not started twice, and its files are left alone", () =>
  inRun(async (run) => {
    const child = await sleepingChild();
    try {
      run.begin({ wrapper: child.id });
      await run.write("incoming/shard_1.1.out.json", OUTPUT.slice(0, 50));
      assert.equal((await run.settle()).kind, "running");
      assert.deepEqual(await run.files(), ["attempts/shard_1.1.json", "incoming/shard_1.1.out.json"]);
    } finally {
      await child.end();
    }
    const open = await run.settle();
    assert.deepEqual([open.kind, open.kind === "open" && open.next], ["open", 2]);
    assert.deepEqual(await run.files(), ["attempts/shard_1.1.json"]);
  }));

Deno.test("an attempt whose wrapper is dead and whose fit lives is running", () =>
  inRun(async (run) => {
    const child = await sleepingChild();
    try {
      run.begin({ fit: child.id });
      assert.equal((await run.settle()).kind, "running");
    } finally {
      await child.end();
    }
  }));

Deno.test("a fit whose wrapper died before it could name it is identified by its output's path", () =>
  inRun(async (run) => {
    run.begin({});
    const child = await sleepingChild([join(run.dir, "incoming/shard_1.1.out.json")]);
    try {
      assert.equal((await run.settle()).kind, "running");
    } finally {
      await child.end();
    }
    await until("the fit is gone", async () => (await run.settle()).kind === "open");
  }));

Deno.test("a process with the pid of a dead one and a later start is another process", () =>
  inRun(async (run) => {
    const child = await sleepingChild();
    try {
      run.begin({ wrapper: { ...child.id, start_ticks: "1" } });
      assert.equal((await run.settle()).kind, "open");
    } finally {
      await child.end();
    }
  }));

Deno.test("a process of another machine cannot be queried from here: its shard is left to it", () =>
  inRun(async (run) => {
    const other = { host: "another", boot_id: "another-boot", pid: 1, start_ticks: "1" };
    run.begin({ wrapper: other });
    assert.equal((await run.settle()).kind, "elsewhere");
  }));

Deno.test("an attempt on another machine that its scheduler has ended gets its end, and its half output is removed", () =>
  inRun(async (run) => {
    run.begin({ wrapper: { host: "another", boot_id: "another-boot", pid: 1, start_ticks: "1" } });
    await run.write("incoming/shard_1.1.out.json", OUTPUT.slice(0, 50));
    const open = await run.settle(() => true);
    assert.deepEqual([open.kind, open.kind === "open" && open.next], ["open", 2]);
    assert.deepEqual(await run.files(), ["attempts/shard_1.1.json"]);
    const attempt = Attempt.parse(JSON.parse(await readFile(join(run.dir, "attempts/shard_1.1.json"), "utf8")));
    assert.equal(attempt.end?.wall_s, null);
  }));

Deno.test("an attempt that a listing shows and this machine has cached as absent is looked up again: its shard is left to it", () =>
  inRun(async (run) => {
    const other = { host: "another", boot_id: "another-boot", pid: 1, start_ticks: "1" };
    run.begin({ wrapper: other });
    const real = { lstatSync: Deno.lstatSync, mkdirSync: Deno.mkdirSync };
    let isQueried = false;
    Reflect.set(Deno, "lstatSync", (path: string) => {
      if (!isQueried && path.includes("/attempts/shard_1.1")) throw new Deno.errors.NotFound(path);
      return real.lstatSync(path);
    });
    Reflect.set(Deno, "mkdirSync", (path: string, options?: Deno.MkdirOptions) => {
      isQueried ||= path.includes("/attempts/shard_1.1");
      real.mkdirSync(path, options);
    });
    try {
      assert.equal((await run.settle()).kind, "elsewhere");
    } finally {
      Object.assign(Deno, real);
    }
  }));

Deno.test("an attempt in another PID namespace of this machine cannot be queried from here", () =>
  inRun(async (run) => {
    run.begin({ wrapper: { ...machine.process, boot_id: `${machine.process.boot_id.split("/")[0]}/4026532178` } });
    assert.equal((await run.settle()).kind, "elsewhere");
  }));

Deno.test("an attempt of an earlier boot of this machine is lost", () =>
  inRun(async (run) => {
    run.begin({ wrapper: { ...machine.process, boot_id: "an-earlier-boot" }, started_at_utc: LONG_AGO });
    assert.equal((await run.settle()).kind, "open");
  }));

Deno.test("an attempt of another machine with this host name is left to it", () =>
  inRun(async (run) => {
    const { machine_id: _, ...unnamed } = machine;
    const wrapper = { ...machine.process, boot_id: "another-boot" };
    // It began after this machine was started, so that it is of no earlier boot.
    run.begin({ wrapper, started_at_utc: new Date().toISOString() });
    assert.equal((await run.settle(undefined, unnamed)).kind, "elsewhere");
    await rm(join(run.dir, "attempts/shard_1.1.json"));
    run.begin({ wrapper, machine_id: "0123456789abcdef", started_at_utc: LONG_AGO });
    assert.equal((await run.settle(undefined, { ...machine, machine_id: "fedcba9876543210" })).kind, "elsewhere");
    assert.equal((await run.settle(undefined, { ...machine, machine_id: "0123456789abcdef" })).kind, "open");
  }));

Deno.test("a whole result of a dead attempt is committed, not fitted again, and no other file stays", () =>
  inRun(async (run) => {
    run.begin({});
    await run.write("incoming/shard_1.1.out.json", OUTPUT);
    await run.write(
      "incoming/shard_1.1.metrics.json",
      '{"schema_version": "nextstat_metrics_v0", "status": {"ok": true}, "timing": {"wall_time_s": 7}}',
    );
    await run.write("incoming/shard_1.1.stderr", "a warning\n");
    await run.write("incoming/shard_1.1.stdout", "");
    await run.date("attempts/shard_1.1.json", "2026-11-24T18:30:15.010Z");
    await run.date("incoming/shard_1.1.out.json", "2026-11-24T18:30:25.010Z");
    assert.equal((await run.settle()).kind, "done");
    assert.deepEqual(await run.files(), ["shard_1.metrics.json", "shard_1.out.json", "shard_1.stderr"]);
    const record = await readRecord(run.dir, 1);
    assert.deepEqual([record.cause, record.attempt, record.wall_s, record.cpu_user_s], ["ok", 1, 10, null]);
    assert.equal(JSON.parse(await readFile(join(run.dir, "shard_1.metrics.json"), "utf8")).timing.wall_time_s, 7);
  }));

Deno.test("the length of a dead attempt is right on a host whose clock is a day ahead", () =>
  inRun(async (run) => {
    run.begin({ started_at_utc: "2026-11-25T18:30:15.000Z" });
    await run.write("incoming/shard_1.1.out.json", OUTPUT);
    await run.date("attempts/shard_1.1.json", "2026-11-24T18:30:15.000Z");
    await run.date("incoming/shard_1.1.out.json", "2026-11-24T18:30:25.000Z");
    assert.equal((await run.settle()).kind, "done");
    const { wall_s, clock_offset_s, finished_at_utc } = await readRecord(run.dir, 1);
    assert.deepEqual([wall_s, clock_offset_s, finished_at_utc], [10, 86_400, "2026-11-25T18:30:25.000Z"]);
  }));

Deno.test("a truncated result of a dead attempt is removed, its log is kept, and the attempt stays on file", () =>
  inRun(async (run) => {
    run.begin({});
    await run.write("incoming/shard_1.1.out.json", OUTPUT.slice(0, -9));
    await run.write("incoming/shard_1.1.stderr", "fitting\n");
    assert.equal((await run.settle()).kind, "open");
    assert.deepEqual(await run.files(), ["attempts/shard_1.1.json", "shard_1.stderr"]);
  }));

Deno.test("a result of a dead attempt with other toys is never committed", () =>
  inRun(async (run) => {
    run.begin({});
    await run.write("incoming/shard_1.1.out.json", JSON.stringify(sampleFrame(manifest, planOf(manifest, 2))));
    assert.equal((await run.settle()).kind, "open");
    assert.deepEqual(await run.files(), ["attempts/shard_1.1.json"]);
  }));

Deno.test("an attempt with an end is over, whatever process lives, and the next one has its own number", () =>
  inRun(async (run) => {
    run.begin({ attempt: 4, end: sampleRecord(manifest, plan, { cause: "exit", exit_code: 3, attempt: 4 }) });
    const open = await run.settle();
    assert.deepEqual([open.kind === "open" && open.next, open.kind === "open" && open.attempts[0]?.end?.cause], [
      5,
      "exit",
    ]);
  }));

Deno.test("an out.json whose writer died before its record gets a record", () =>
  inRun(async (run) => {
    await run.write("shard_1.out.json", OUTPUT);
    assert.equal((await run.settle()).kind, "done");
    const record = await readRecord(run.dir, 1);
    assert.deepEqual([record.run_token, record.out_bytes, record.exit_code], [RUN_TOKEN, OUTPUT.length, null]);
  }));

Deno.test("an attempt on a host whose driver died right after its commit is over; another one there may continue", () =>
  inRun(async (run) => {
    await run.write("shard_1.out.json", OUTPUT);
    assert.equal((await run.settle()).kind, "done");
    const remote = { host: "w1", clock_offset_s: null };
    for (const attempt of [1, 2]) run.begin({ attempt, remote });
    assert.equal((await run.settle()).kind, "done");
    assert.deepEqual(listNames(join(run.dir, "attempts")), ["shard_1.2.json"]);
  }));

/** Files of an open attempt, of others than attempts of this machine (also with a token of digits alone), and a note. */
const KEPT = ["notes", "shard_1.1234567890123456.out.json", "shard_1.2.stderr", "shard_1.x.job.txt"];

Deno.test("files in incoming/ without an open attempt are removed, those of open attempts and other files stay", () =>
  inRun(async (run) => {
    for (
      const name of [...["shard_1.1.out.json", "shard_2.1.metrics.json"], ...KEPT]
    ) {
      await run.write(`incoming/${name}`, "");
    }
    run.begin({ attempt: 2 });
    sweepStray(run.dir);
    assert.deepEqual(listNames(join(run.dir, "incoming")).sort(), KEPT);
    await rm(join(run.dir, "incoming"), { recursive: true });
  }));
