import assert from "node:assert/strict";
import { copyFile, mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { bootTag } from "../../core/run_paths.ts";
import { bootId } from "../../runtime/system/proc.ts";
import { amountOf, someOf } from "../support/amount.ts";
import { mustRun, namesIn, readText, renderRun, runArgs, runDir, start, type Started } from "../support/farm.ts";
import { countDone, failedAttempts, fingerprints, readAttempts, readRecord } from "../support/run_dir.ts";
import { endProcesses, inFolder, killQuietly, pause, processesOf, until } from "../support/scratch.ts";
import { type StandIn, standIn } from "../support/stand_in.ts";

const SHARDS = 24;
const TRIALS = amountOf("kills of one run", { quick: 5, usual: 5, all: 12 });

/** mulberry32: the moments of the kills are the same in each run of the test. */
function seeded(seed: number): () => number {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

const slowly = (folder: string) => standIn(folder, "sleep 0.05");
const args = (folder: string, fake: StandIn) =>
  runArgs(folder, { toys: 2 * SHARDS, shards: SHARDS, nextstat: fake.path });

/** Kills the run (and more) at a moment, again and again, until one run has come to its end by itself. */
async function runWithKills(
  folder: string,
  fake: StandIn,
  moments_ms: number[],
  killed: (run: Started) => Promise<void>,
): Promise<void> {
  for (const moment of moments_ms) {
    const before = await fingerprints(runDir(folder));
    const run = start(folder, args(folder, fake));
    await pause(moment);
    await killed(run);
    await run.ended;
    assertKept(before, await fingerprints(runDir(folder)));
  }
  const before = await fingerprints(runDir(folder));
  await mustRun(folder, args(folder, fake));
  assertKept(before, await fingerprints(runDir(folder)));
  await assertWhole(folder, fake);
}

function assertKept(before: Map<string, string>, after: Map<string, string>): void {
  for (const [name, print] of before) assert.equal(after.get(name), print, `${name} is the same file as before`);
}

/** A fit that is killed after its output was whole, but before it could log its end, is not begun again. */
async function assertWhole(folder: string, fake: StandIn): Promise<void> {
  const dir = runDir(folder);
  assert.equal(await countDone(dir), SHARDS);
  for (let shard = 0; shard < SHARDS; shard++) assert.equal((await readRecord(dir, shard)).cause, "ok");
  const log = await fake.log();
  assert.deepEqual(
    log.filter((line) => line.what === "double"),
    [],
    "no fit began while another of its shard was alive",
  );
  const ends = Map.groupBy(log.filter((line) => line.what === "end"), (line) => line.shard);
  for (const [shard, all] of ends) {
    assert.equal(all.length, 1, `shard ${shard} was fitted to its end ${all.length} times`);
  }
}

const delays = (seed: number, most_ms: number) => {
  const random = seeded(seed);
  return Array.from({ length: TRIALS }, () => Math.floor(random() * most_ms));
};

for (const seed of someOf("seeds of kills of a driver", [1, 2], 2)) {
  Deno.test(`SIGKILL of the driver alone, ${TRIALS} times (seed ${seed}): no fit is lost, doubled or repeated`, () =>
    inFolder(async (folder) => {
      const fake = await slowly(folder);
      await runWithKills(folder, fake, delays(seed, 500), (run) => Promise.resolve(run.kill("SIGKILL")));
    }));
}

for (const seed of someOf("seeds of kills of a driver and its processes", [3, 4], 2)) {
  Deno.test(`SIGKILL of the driver and all its processes, ${TRIALS} times (seed ${seed}): finished shards stay done`, () =>
    inFolder(async (folder) => {
      const fake = await slowly(folder);
      await runWithKills(folder, fake, delays(seed, 600), async (run) => {
        run.kill("SIGKILL");
        await endProcesses(folder);
      });
    }));
}

Deno.test("SIGKILL while a new run is checked and rendered: the same command makes it", () =>
  inFolder(async (folder) => {
    const random = seeded(5);
    for (let trial = 0; trial < TRIALS; trial++) {
      const id = `r${trial}`;
      const words = runArgs(folder, { toys: 2, shards: 1, id }).filter((word) => word !== "--no-check");
      const run = start(folder, words);
      await pause(40 + Math.floor(random() * 160));
      run.kill("SIGKILL");
      await run.ended;
      await mustRun(folder, words);
      assert.equal(await countDone(runDir(folder, id)), 1);
    }
  }));

Deno.test("the leftovers of a killed render are removed by the next, and no half run has a run's name", () =>
  inFolder(async (folder) => {
    const boot = bootTag(await bootId());
    const left = join(folder, "runs", `.r.${boot}-999999-1-abc.tmp`);
    await mkdir(left, { recursive: true });
    await writeFile(join(left, "job.sh"), "");
    await mustRun(folder, runArgs(folder, { toys: 2, shards: 1 }));
    assert.deepEqual(await namesIn(join(folder, "runs")), ["r"]);
  }));

Deno.test("the leftovers of an attempt of a run that was killed right after a commit are removed by the next run", () =>
  inFolder(async (folder) => {
    const dir = runDir(folder);
    const fake = await standIn(folder, "sleep 0.5");
    const words = runArgs(folder, { toys: 2, shards: 1, nextstat: fake.path });
    const run = start(folder, words);
    await until("the fit has begun", async () => (await fake.pids(0)).length === 1);
    await copyFile(join(dir, "attempts", "shard_0.1.json"), join(folder, "kept"));
    await run.ended;
    assert.equal(await countDone(dir), 1);
    await copyFile(join(folder, "kept"), join(dir, "attempts", "shard_0.1.json"));
    for (const kind of ["out.json", "metrics.json", "stderr"]) {
      await writeFile(join(dir, "incoming", `shard_0.1.${kind}`), "{}");
    }
    const before = await fingerprints(dir);
    await mustRun(folder, words);
    assert.deepEqual(await namesIn(join(dir, "attempts")), []);
    assert.deepEqual(await namesIn(join(dir, "incoming")), []);
    assert.deepEqual(await fingerprints(dir), before);
  }));

Deno.test("temporary files of dead processes are removed, those of living ones stay", () =>
  inFolder(async (folder) => {
    const dir = await renderRun(folder, { toys: 2, shards: 1 });
    const boot = bootTag(await bootId());
    const stat = await readText(`/proc/${Deno.pid}/stat`);
    const ticks = stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
    const [dead, alive] = [`.x.json.${boot}-${Deno.pid}-1-abc.tmp`, `.x.json.${boot}-${Deno.pid}-${ticks}-abc.tmp`];
    const folders = ["", "attempts", "claims"];
    for (const name of folders) {
      await mkdir(join(dir, name), { recursive: true });
      for (const file of [dead, alive]) await writeFile(join(dir, name, file), "");
    }
    await mustRun(folder, ["work", dir]);
    for (const name of folders) {
      const left = (await namesIn(join(dir, name))).filter((file) => file.endsWith(".tmp"));
      assert.deepEqual(left, [alive], `in "${name}"`);
      await rm(join(dir, name, alive));
    }
  }));

Deno.test("SIGKILL of a fit alone has the cause signal, and the shard is retried once", () =>
  inFolder(async (folder) => {
    const dir = runDir(folder);
    const fake = await standIn(folder, `[ "$shard" != 1 ] || [ "$attempt" != 1 ] || exec sleep 30`);
    const run = start(folder, runArgs(folder, { toys: 6, shards: 3, nextstat: fake.path }));
    await until("the fit has begun", async () => (await fake.pids(1)).length === 1);
    killQuietly((await fake.pids(1))[0] ?? 0);
    const { code, stderr } = await run.ended;
    assert.equal(code, 0, stderr);
    assert.match(stderr, /shard 1: nextstat was killed \(SIGKILL\); retrying it/);
    assert.deepEqual(await failedAttempts(dir), ["1.1 signal"]);
    assert.deepEqual((await readAttempts(dir)).map((one) => one.end?.signal), ["SIGKILL"]);
    assert.equal((await readRecord(dir, 1)).attempt, 2);
  }));

Deno.test("a fit that is killed each time is not retried for ever", () =>
  inFolder(async (folder) => {
    const dir = runDir(folder);
    const fake = await standIn(folder, `[ "$shard" != 1 ] || kill -9 $$`);
    await mustRun(folder, runArgs(folder, { toys: 6, shards: 3, nextstat: fake.path }), 5);
    assert.deepEqual(await failedAttempts(dir), ["1.1 signal", "1.2 signal"]);
    assert.equal(await countDone(dir), 2);
  }));

Deno.test("the result of a fit that outlived its driver is committed by the next run, not fitted again", () =>
  inFolder(async (folder) => {
    const dir = runDir(folder);
    const fake = await standIn(folder, `while [ ! -e "$here/go" ]; do sleep 0.02; done`);
    const words = runArgs(folder, { toys: 4, shards: 2, nextstat: fake.path });
    const run = start(folder, words);
    await until("both fits have begun", async () => (await fake.log()).length === 2);
    run.kill("SIGKILL");
    await run.ended;
    await fake.mark("go");
    await until("both fits have ended", async () => (await processesOf(folder)).length === 0);
    assert.equal(await countDone(dir), 0);
    await mustRun(folder, words);
    assert.equal(await countDone(dir), 2);
    assert.deepEqual((await fake.log()).filter((line) => line.what === "start").length, 2);
  }));
