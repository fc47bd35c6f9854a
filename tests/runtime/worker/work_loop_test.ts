import assert from "node:assert/strict";
import { WORKER_SCHEMA } from "../../../core/schema/attempt.ts";
import { listWorkers, withdrawWorkers } from "../../../runtime/run/workers.ts";
import { beginAttempt, readAttempt } from "../../../runtime/shard/attempts.ts";
import type { Machine } from "../../../runtime/system/machine.ts";
import { pauseFor } from "../../../runtime/system/process.ts";
import type { Executor } from "../../../runtime/worker/executor.ts";
import { OtherLoops } from "../../../runtime/worker/heartbeats.ts";
import { runWorkLoop } from "../../../runtime/worker/run.ts";
import { planOf, sampleAttempt, sampleManifest } from "../../fixtures/run.ts";
import { inFolder } from "../../support/scratch.ts";
import { contextOf, MACHINE } from "../support/context.ts";
import { executorOf } from "../support/executors.ts";

const OTHER = { host: "n2", boot_id: "other-boot", pid: 7, start_ticks: "70" };
const TOKEN = "0123456789abcdef";
const OPTIONS = { beat_interval_s: 40, retry_failed: true, scatter: false, speculate: false, drain: false };

/** Announces a loop, by default of another machine, that has shard 1. */
function announceOther(dir: string, process = OTHER): void {
  const manifest = sampleManifest();
  beginAttempt(dir, sampleAttempt(manifest, planOf(manifest, 1), { wrapper: process }));
  const started_at_utc = "2026-01-01T00:00:00.000Z";
  const other = { token: TOKEN, run_token: manifest.farm.run_token, process, slots: 1 };
  const document = { schema_version: WORKER_SCHEMA, ...other, started_at_utc, beats: 3, beat_interval_s: 40 };
  Deno.mkdirSync(`${dir}/claims`);
  Deno.writeTextFileSync(`${dir}/claims/worker_${TOKEN}.json`, JSON.stringify(document));
}

/** Runs a loop without an executor; its first listings of the loops, so many, miss the other one's file. */
async function work(dir: string, missing: number, machine = MACHINE) {
  const real = Deno.readDirSync;
  let listings = 0;
  Reflect.set(Deno, "readDirSync", (path: string) => {
    const isMissed = path.endsWith("/claims") && listings++ < missing;
    return [...real(path)].filter(({ name }) => !isMissed || !name.includes(TOKEN));
  });
  const order = { ...OPTIONS, token: "00000000000000aa", stop: new AbortController().signal };
  try {
    return await runWorkLoop(contextOf(dir, sampleManifest(), machine), { executors: [], slots: 1 }, order, () => {});
  } finally {
    Deno.readDirSync = real;
  }
}

Deno.test("a loop whose file one listing misses keeps its shard, which is checked again until it is done", () =>
  inFolder(async (dir) => {
    announceOther(dir);
    const sweeps = 2;
    assert.deepEqual((await work(dir, sweeps + 1)).elsewhere, []);
    assert.deepEqual((await work(dir, Infinity)).elsewhere, [1], "of a loop that has no file nobody knows");
    withdrawWorkers(dir);
  }));

Deno.test("an attempt of a process that has announced no loop is unknown, and for a retry dead once it was silent", () =>
  inFolder(async (dir) => {
    const manifest = sampleManifest();
    const attempt = sampleAttempt(manifest, planOf(manifest, 1), { wrapper: OTHER });
    assert.equal(new OtherLoops(dir).judge(attempt), "unknown");
    const others = new OtherLoops(dir, 0.1);
    const remote = { ...attempt, remote: { host: "h", clock_offset_s: null } };
    assert.deepEqual([others.judge(attempt), others.judge(remote)], ["alive", "unknown"]);
    await pauseFor(150);
    assert.deepEqual([others.judge(attempt), others.judge(remote)], ["dead", "unknown"]);
  }));

Deno.test("a loop that begins leaves the files of a fit that another starts meanwhile", () =>
  inFolder(async (dir) => {
    const [real, manifest] = [Deno.readDirSync, sampleManifest()];
    const of_fit = `${dir}/incoming/shard_2.1.out.json`;
    for (const folder of ["attempts", "incoming"]) Deno.mkdirSync(`${dir}/${folder}`);
    Deno.writeTextFileSync(`${dir}/incoming/shard_3.1.stderr`, "of a dead process");
    const begin = () => {
      if (!beginAttempt(dir, sampleAttempt(manifest, planOf(manifest, 2), { wrapper: OTHER }))) return;
      Deno.writeTextFileSync(of_fit, "{}");
    };
    let listings = 0;
    Reflect.set(Deno, "readDirSync", (path: string) => {
      const listed = [...real(path)];
      // The first is for temporary files.
      if (path.endsWith("/attempts") && listings++ === 1) begin();
      return listed;
    });
    const order = { ...OPTIONS, token: "00000000000000aa", stop: new AbortController().signal };
    try {
      await runWorkLoop(contextOf(dir, manifest), { executors: [], slots: 1 }, order, () => {});
    } finally {
      Deno.readDirSync = real;
    }
    assert.deepEqual([...Deno.readDirSync(`${dir}/incoming`)].map(({ name }) => name), ["shard_2.1.out.json"]);
    Deno.removeSync(of_fit);
  }));

/** A machine on which of all that dead loops have left only these fits are alive. */
const machineWith = (fits: string[]): Machine => ({
  ...MACHINE,
  processes: { aliveOf: () => Promise.resolve(new Set()), findByArgument: () => Promise.resolve(fits.map(() => 9)) },
});

const hasFile = (dir: string) => listWorkers(dir).known.some(({ token }) => token === TOKEN);

Deno.test("the file of a killed loop stays while one of its fits runs, and other machines leave the shard to that machine", () =>
  inFolder(async (dir) => {
    const KILLED = { ...MACHINE.process, pid: 4_190_000, start_ticks: "7" };
    announceOther(dir, KILLED);
    await work(dir, 0, machineWith(["the fit"]));
    assert(hasFile(dir), "while a fit goes on");
    const there = { ...MACHINE, host: "n2", process: OTHER };
    assert.deepEqual((await work(dir, 0, there)).elsewhere, [], "the other machine waits for it");
    assert.equal(readAttempt(dir, 1, 1)?.end, null);
    await work(dir, 0, machineWith([]));
    assert.equal(readAttempt(dir, 1, 1)?.end?.cause, "signal", "the next loop there ends its attempt");
    assert(!hasFile(dir), "and then removes its file");
  }));

Deno.test("a loop whose check of others' shards fails while its slot is busy ends with that error, and does not wait for ever", () =>
  inFolder(async (dir) => {
    const manifest = sampleManifest();
    for (const shard of [0, 2, 3]) {
      beginAttempt(
        dir,
        sampleAttempt(manifest, planOf(manifest, shard), { wrapper: OTHER, attempt_token: `a${shard}` }),
      );
    }
    announceOther(dir);
    const busy: Executor = {
      ...executorOf("n1"),
      slots: () => Promise.resolve(["n1:0"]),
      ready: () => pauseFor(50).then(() => true),
    };
    const real = Deno.openSync;
    const fail_at_ms = performance.now() + 200;
    Reflect.set(Deno, "openSync", (path: string, options: Deno.OpenOptions) => {
      if (!path.includes("shard_2.1") || performance.now() < fail_at_ms) return real(path, options);
      throw Object.assign(new Error("Input/output error (os error 5)"), { code: "EIO" });
    });
    const stop = new AbortController();
    const timer = setTimeout(() => stop.abort(), 3000);
    const order = { ...OPTIONS, token: "00000000000000aa", stop: stop.signal };
    try {
      await assert.rejects(
        runWorkLoop(contextOf(dir, manifest), { executors: [busy], slots: 1 }, order, () => {}),
        /the disk or its file server reports an error/,
      );
    } finally {
      Deno.openSync = real;
      clearTimeout(timer);
      withdrawWorkers(dir);
    }
  }));
