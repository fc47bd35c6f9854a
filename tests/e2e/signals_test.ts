import assert from "node:assert/strict";
import { join } from "node:path";
import { binary, mustRun, namesIn, nsfarm, renderRun, requestArgs, runArgs, runDir, start } from "../support/farm.ts";
import { countDone, failedAttempts, readAttempts, readRecord } from "../support/run_dir.ts";
import { inFolder, killQuietly, processesOf, until } from "../support/scratch.ts";
import { type StandIn, standIn } from "../support/stand_in.ts";

/** Fits of this one wait until they are let go. */
const waiting = (folder: string) => standIn(folder, `while [ ! -e "$here/go" ]; do sleep 0.02; done`);

const begun = (fake: StandIn, fits: number) =>
  until(
    `${fits} fits have begun`,
    async () => (await fake.log()).filter((line) => line.what === "start").length >= fits,
  );

for (const [signal, code] of [["SIGINT", 130], ["SIGTERM", 143], ["SIGHUP", 129]] as const) {
  Deno.test(`${signal} to a run stops its fits, records their ends, and gives exit ${code}; the next run finishes`, () =>
    inFolder(async (folder) => {
      const dir = runDir(folder);
      const fake = await waiting(folder);
      const words = runArgs(folder, { toys: 8, shards: 4, nextstat: fake.path, more: ["--local-slots", "2"] });
      const run = start(folder, words);
      await begun(fake, 2);
      run.kill(signal);
      const ended = await run.ended;
      assert.equal(ended.code, code, ended.stderr);
      assert.match(
        ended.stderr,
        /interrupted: finished shards are kept; repeat the command with --run-id to continue/,
      );
      assert.deepEqual(await processesOf(folder), []);
      assert.deepEqual(await failedAttempts(dir), ["0.1 terminated", "1.1 terminated"]);
      const { stdout } = await mustRun(folder, ["status", dir]);
      assert.match(stdout, /cancelled +stopped by a signal or by cancel: shards 0-1/);
      await fake.mark("go");
      await mustRun(folder, words);
      assert.equal(await countDone(dir), 4);
      assert.deepEqual((await fake.log()).filter((line) => line.what === "double"), []);
    }));
}

Deno.test("a fit that ignores SIGTERM is killed after the grace time", () =>
  inFolder(async (folder) => {
    const fake = await standIn(folder, `trap "" TERM; : >"$here/deaf"; while :; do sleep 0.05; done`);
    const run = start(folder, runArgs(folder, { toys: 2, shards: 1, nextstat: fake.path }));
    await until("the fit is deaf", async () => (await namesIn(folder)).includes("deaf"));
    run.kill("SIGTERM");
    assert.equal((await run.ended).code, 143);
    assert.deepEqual(await failedAttempts(runDir(folder)), ["0.1 terminated"]);
    assert.equal((await readAttempts(runDir(folder)))[0]?.end?.signal, "SIGKILL");
  }));

Deno.test("a second signal while a run is stopping changes nothing", () =>
  inFolder(async (folder) => {
    const fake = await standIn(folder, `trap "sleep 0.5; exit 9" TERM; while :; do sleep 0.05; done`);
    const run = start(folder, runArgs(folder, { toys: 2, shards: 1, nextstat: fake.path }));
    await begun(fake, 1);
    run.kill("SIGINT");
    await until("the fit was told", async () => (await processesOf(folder)).length > 0);
    run.kill("SIGTERM");
    assert.equal((await run.ended).code, 130);
    assert.deepEqual(await failedAttempts(runDir(folder)), ["0.1 terminated"]);
  }));

Deno.test("a signal to the job's whole process group is the job's end, not a crash of nextstat", () =>
  inFolder(async (folder) => {
    const fake = await waiting(folder);
    const dir = await renderRun(folder, { toys: 2, shards: 1, nextstat: fake.path });
    const run = start(folder, ["job", dir, "0"]);
    await begun(fake, 1);
    for (const pid of [...await fake.pids(0), run.pid]) Deno.kill(pid, "SIGTERM");
    const { code, stdout } = await run.ended;
    assert.equal(code, 143);
    assert.match(stdout, /^shard 0: stopped by a signal or by cancel/);
    assert.deepEqual(await failedAttempts(dir), ["0.1 terminated"]);
  }));

Deno.test("two runs of one directory at the same time share the work, and fit each shard once", () =>
  inFolder(async (folder) => {
    // One has two slots: with a third fit another one works too.
    const fake = await standIn(folder, 'until [ "$(grep -c ^start "$here/fits.log")" -ge 3 ]; do sleep 0.05; done');
    const words = runArgs(folder, { toys: 40, shards: 20, nextstat: fake.path, more: ["--local-slots", "2"] });
    const both = await Promise.all([nsfarm(folder, words), nsfarm(folder, words), nsfarm(folder, words)]);
    for (const { code, stderr } of both) assert.equal(code, 0, stderr);
    const log = await fake.log();
    const starts = log.filter((line) => line.what === "start").map((line) => line.shard).sort((a, b) => a - b);
    assert.deepEqual(starts, Array.from({ length: 20 }, (_, i) => i));
    const jobs = new Set<string | null>();
    for (let shard = 0; shard < 20; shard++) jobs.add((await readRecord(runDir(folder), shard)).job_id);
    assert(jobs.size > 1, "one of them did all the work");
    assert.deepEqual(await namesIn(join(runDir(folder), "aside")), []);
  }));

Deno.test("a failing shard runs once for all drivers that share a run, not once for each", () =>
  inFolder(async (folder) => {
    const fake = await standIn(folder, `[ "$shard" != 0 ] || { sleep 0.3; exit 3; }; sleep 0.05`);
    const dir = await renderRun(folder, { toys: 12, shards: 6, nextstat: fake.path });
    await Promise.all([nsfarm(folder, ["work", dir]), nsfarm(folder, ["work", dir])]);
    assert.deepEqual(await failedAttempts(dir), ["0.1 exit"]);
    assert.equal(await countDone(dir), 5);
  }));

Deno.test("submit continues after its shell was killed and its session has ended", () =>
  inFolder(async (folder) => {
    const fake = await waiting(folder);
    const dir = await renderRun(folder, { toys: 4, shards: 2, nextstat: fake.path });
    const shell = start(folder, ["-c", `"$0" submit "$1" && sleep 60`, binary(), dir], { program: "/bin/sh" });
    await begun(fake, 2);
    shell.kill("SIGKILL");
    let is_over = false;
    shell.ended.then(() => is_over = true);
    await until("nothing has the shell's output open", async () => {
      // What it ran in the foreground may have begun just before it was killed.
      const left = (await processesOf(folder)).filter((one) => /^sleep 60/.test(one.command));
      for (const { pid } of left) killQuietly(pid);
      return is_over;
    });
    await fake.mark("go");
    await until("both shards are done", async () => await countDone(dir) === 2);
    await until("the worker has ended", async () => (await processesOf(folder)).length === 0);
  }));

Deno.test("submit survives the hang-up of its terminal", () =>
  inFolder(async (folder) => {
    const fake = await waiting(folder);
    const dir = await renderRun(folder, { toys: 4, shards: 2, nextstat: fake.path });
    // script(1) gives its command a terminal of its own, and hangs it up when it ends.
    const command = `exec "$NSFARM" submit "$RUN"`;
    const terminal = start(folder, ["-qec", command, "/dev/null"], {
      program: "script",
      env: { NSFARM: binary(), RUN: dir },
    });
    assert.equal((await terminal.ended).code, 0);
    await begun(fake, 2);
    await fake.mark("go");
    await until("both shards are done", async () => await countDone(dir) === 2);
    await until("the worker has ended", async () => (await processesOf(folder)).length === 0);
  }));

Deno.test("a run whose terminal disappears records the ends of its fits and leaves none", () =>
  inFolder(async (folder) => {
    const fake = await waiting(folder);
    const words = requestArgs(folder, { toys: 4, shards: 2, nextstat: fake.path });
    const quoted = words.map((word) => `'${word}'`).join(" ");
    const terminal = start(folder, ["-qec", `exec "$NSFARM" run ${quoted}`, "/dev/null"], {
      program: "script",
      env: { NSFARM: binary() },
    });
    await begun(fake, 2);
    terminal.kill("SIGKILL");
    await terminal.ended;
    await until("all its processes have ended", async () => (await processesOf(folder)).length === 0);
    assert.deepEqual(await failedAttempts(runDir(folder)), ["0.1 terminated", "1.1 terminated"]);
  }));

Deno.test("cancel stops a background run: its fits end as terminated, finished shards stay", () =>
  inFolder(async (folder) => {
    const fake = await standIn(folder, `[ "$shard" = 0 ] || while :; do sleep 0.05; done`);
    const dir = await renderRun(folder, { toys: 6, shards: 3, nextstat: fake.path });
    await mustRun(folder, ["submit", dir]);
    await until(
      "the first shard is done and two are under way",
      async () => await countDone(dir) === 1 && (await fake.log()).filter((line) => line.what === "start").length === 3,
    );
    const { stdout } = await mustRun(folder, ["cancel", dir]);
    assert.match(stdout, /^cancelled local job [0-9]+$/m);
    assert.deepEqual(await processesOf(folder), []);
    assert.deepEqual(await failedAttempts(dir), ["1.1 terminated", "2.1 terminated"]);
    assert.equal(await countDone(dir), 1);
    assert.match((await mustRun(folder, ["cancel", dir])).stdout, /no job of this run is running or queued/);
  }));
