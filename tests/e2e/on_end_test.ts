import assert from "node:assert/strict";
import { chmod, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { mustRun, namesIn, nextstat, nsfarm, runArgs, runDir, spec10k, start } from "../support/farm.ts";
import { inFolder, until } from "../support/scratch.ts";
import { standIn } from "../support/stand_in.ts";

/** Writes a command that keeps each document that it gets, and returns it with what it has got. */
async function hookIn(folder: string, behaviour = "") {
  const path = join(folder, "hook.sh");
  await writeFile(path, `#!/bin/sh\ncat >"$1/got.$$"\n${behaviour}\n`);
  await chmod(path, 0o755);
  const got = async () =>
    await Promise.all(
      (await namesIn(folder)).filter((name) => name.startsWith("got.")).map(async (name) =>
        JSON.parse(await readFile(join(folder, name), "utf8"))
      ),
    );
  return { words: ["--on-end", `./hook.sh '${folder}'`], got };
}

Deno.test("the command of --on-end gets the run's status once, also where the run is repeated", () =>
  inFolder(async (folder) => {
    const { words, got } = await hookIn(folder);
    const args = runArgs(folder, { toys: 4, shards: 2, more: words });
    assert.match((await mustRun(folder, args)).stderr, /^--on-end .*hook\.sh'? has run$/m);
    assert.match((await mustRun(folder, args)).stderr, /^--on-end has run for this end before$/m);
    const [document, ...more] = await got();
    assert.equal(more.length, 0);
    const { stdout } = await mustRun(folder, ["status", runDir(folder), "--json"]);
    assert.deepEqual(document, JSON.parse(stdout));
    assert.equal(document.merged, join(runDir(folder), "merged.out.json"));
  }));

Deno.test("of two runs at the same time one starts the command of --on-end", () =>
  inFolder(async (folder) => {
    const { words, got } = await hookIn(folder);
    const slow = await standIn(folder, "sleep 0.2");
    const args = runArgs(folder, { toys: 8, shards: 8, nextstat: slow.path, more: words });
    const ran = await Promise.all([nsfarm(folder, args), nsfarm(folder, args)]);
    assert.deepEqual(ran.map(({ code }) => code), [0, 0], ran.map(({ stderr }) => stderr).join("\n"));
    assert.equal((await got()).length, 1);
  }));

Deno.test("a command of --on-end that fails changes nothing of a run", () =>
  inFolder(async (folder) => {
    const { words } = await hookIn(folder, "echo 'no mail' >&2; exit 7");
    const { stderr, stdout } = await mustRun(folder, runArgs(folder, { toys: 4, shards: 2, more: words }));
    assert.match(stderr, /^warning: --on-end .*hook\.sh'? ended with exit code 7: no mail$/m);
    assert.match(stdout, /merged\.out\.json/);
  }));

Deno.test("a failed run starts the command of --on-end, and so does its retry without the flag", () =>
  inFolder(async (folder) => {
    const { words, got } = await hookIn(folder);
    const fake = await standIn(folder, `[ -e "$here/mended" ] || [ "$shard" != 1 ] || { echo "no" >&2; exit 3; }`);
    await mustRun(folder, runArgs(folder, { toys: 4, shards: 2, nextstat: fake.path, more: words }), 5);
    assert.deepEqual((await got()).map(({ counts }) => counts), [{ done: 1, failed: 1 }]);
    await fake.mark("mended");
    await mustRun(folder, ["retry", runDir(folder), "--wait"]);
    assert.deepEqual((await got()).map(({ counts: { done } }) => done).sort(), [1, 2]);
  }));

Deno.test("an interrupted run is not over: the command of --on-end starts when the run has gone on to its end", () =>
  inFolder(async (folder) => {
    const { words, got } = await hookIn(folder);
    const fake = await standIn(folder, `until [ -e "$here/go" ]; do sleep 0.05; done`);
    const args = runArgs(folder, { toys: 4, shards: 2, nextstat: fake.path, more: words });
    for (const signal of ["SIGINT", "SIGKILL"] as const) {
      const begun = (await fake.log()).length;
      const run = start(folder, args);
      await until("a fit runs", async () => (await fake.log()).length > begun);
      run.kill(signal);
      await run.ended;
    }
    assert.deepEqual(await got(), []);
    await fake.mark("go");
    await mustRun(folder, runArgs(folder, { toys: 4, shards: 2, nextstat: fake.path }));
    assert.deepEqual((await got()).map(({ counts }) => counts), [{ done: 2 }]);
  }));

Deno.test("--on-end that a shell would have to run, or whose program is not there, is refused before anything is written", () =>
  inFolder(async (folder) => {
    const ran = await mustRun(folder, runArgs(folder, { toys: 4, shards: 2, more: ["--on-end", "a | b"] }), 2);
    assert.match(ran.stderr, /Cannot use --on-end "a \| b": no shell runs it/);
    await writeFile(join(folder, "plain"), "#!/bin/sh\n");
    for (const absent of ["no-such-program-anywhere x", "./no-such", "./plain", `'${folder}'`]) {
      const none = await mustRun(folder, runArgs(folder, { toys: 4, shards: 2, more: ["--on-end", absent] }), 2);
      assert.match(none.stderr, /Cannot use --on-end ".*": ".*" (is not on PATH|is no executable file)$/m);
    }
    assert.deepEqual(await namesIn(join(folder, "runs")), []);
  }));

Deno.test("a sweep starts the command of --on-end once, with its summary", () =>
  inFolder(async (folder) => {
    const { words, got } = await hookIn(folder);
    const args = [
      ...["sweep", "run", "--shards-list", "1,2", "--n-toys", "2", "--config", spec10k(), "--threads", "1"],
      ...["--nextstat-bin", nextstat(), "--out-root", join(folder, "runs"), "--sweep-id", "s", "--no-check", ...words],
    ];
    await mustRun(folder, args);
    await mustRun(folder, args);
    const [document, ...more] = await got();
    assert.equal(more.length, 0);
    const json = ["sweep", "summarize", "--sweep-json", join(folder, "runs", "s.sweep.json"), "--json"];
    assert.deepEqual(document, JSON.parse((await mustRun(folder, json)).stdout));
  }));
