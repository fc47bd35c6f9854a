import assert from "node:assert/strict";
import { chmod, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import {
  type CondorFarm,
  condorFile,
  condorRun,
  openFit,
  queued,
  statusWords,
  untilIdle,
} from "../clusters/condor_farm.ts";
import { assertMerged, submissions } from "../clusters/slurm_farm.ts";
import { namesIn, runDir } from "../support/farm.ts";
import { countDone, fingerprints } from "../support/run_dir.ts";
import { pause, until } from "../support/scratch.ts";
import { at } from "../support/toys.ts";

const test = condorFile({ slots: 2 });
const WAIT = `until [ -e "$here/go" ]; do sleep 0.1; done`;

/** How many clusters of jobs were ever submitted by a folder's runs; each has an event log of its own. */
async function clusters(farm: CondorFarm): Promise<number> {
  const text = await farm.pool.ask("condor_history", "-af", "ClusterId", "Iwd");
  const lines = `${text}\n${await farm.pool.ask("condor_q", "-allusers", "-af", "ClusterId", "Iwd")}`.split("\n");
  return new Set(lines.filter((line) => line.includes(farm.folder)).map((line) => line.split(" ")[0])).size;
}

test("a schedd that is killed while run watches: nothing fails or is resubmitted, and run ends well when it is back", async (farm) => {
  const fit = await openFit(farm, WAIT);
  const running = farm.start(condorRun(farm, { toys: 8, shards: 4, nextstat: fit.path }));
  const dir = runDir(farm.folder);
  await until("two fits run", async () => (await fit.log()).length === 2);
  await farm.pool.daemon("kill", "schedd");
  const words = await statusWords(farm, dir);
  assert.match(words, /htcondor did not answer: .*(Failed to connect|Can't find address)/);
  assert.doesNotMatch(words, /failed|lost/);
  await farm.must(["retry", dir], 4);
  await fit.mark("go");
  await pause(1500);
  await farm.pool.daemon("start", "schedd");
  const { code, stderr } = await running.ended;
  assert.equal(code, 0, stderr);
  await assertMerged(dir, { toys: 8 });
  assert.equal((await submissions(dir)).length, 1);
  assert.equal(await clusters(farm), 1);
});

test("a schedd that does not answer for a while: status reports it as unreachable, and finished shards stay done", async (farm) => {
  const fit = await openFit(farm, `[ "$shard" = 0 ] || ${WAIT}`);
  const dir = await farm.render({ toys: 4, shards: 2, nextstat: fit.path });
  await farm.must(["submit", dir]);
  await until("shard 0 is done", async () => (await countDone(dir)) === 1);
  await farm.pool.daemon("stop", "schedd");
  const words = await statusWords(farm, dir);
  await farm.pool.daemon("cont", "schedd");
  assert.match(words, /htcondor did not answer: /);
  assert.match(words, /1 done/);
  assert.doesNotMatch(words, /failed|lost/);
  await fit.mark("go");
  await farm.must(["submit", dir, "--wait"]);
  await assertMerged(dir, { toys: 4 });
  assert.equal(await clusters(farm), 1);
});

test("a schedd that is stopped during a submission accepts the jobs once when it continues", async (farm) => {
  const dir = await farm.render({ toys: 8, shards: 4 });
  await farm.pool.daemon("stop", "schedd");
  const submitting = farm.start(["submit", dir]);
  await until("the intent is on disk", async () => (await submissions(dir)).length === 1);
  await pause(3000);
  await farm.pool.daemon("cont", "schedd");
  assert.equal((await submitting.ended).code, 0);
  await farm.must(["submit", dir, "--wait"]);
  await assertMerged(dir, { toys: 8 });
  assert.equal(await clusters(farm), 1);
});

test("a schedd that is killed during a submission: submit reports that nothing was queued, and the next submit is the only one", async (farm) => {
  const dir = await farm.render({ toys: 8, shards: 4 });
  await farm.pool.daemon("stop", "schedd");
  const submitting = farm.start(["submit", dir]);
  await until("the intent is on disk", async () => (await submissions(dir)).length === 1);
  await pause(1000);
  await farm.pool.daemon("kill", "schedd");
  await farm.pool.daemon("start", "schedd");
  const { code, stderr } = await submitting.ended;
  assert.equal(code, 4, stderr);
  assert.match(
    stderr,
    /htcondor did not accept the jobs: .*\n {2}No job was queued; once it answers, run: nsfarm-deno (submit|retry) /,
  );
  await farm.must(["submit", dir, "--wait"]);
  await assertMerged(dir, { toys: 8 });
  assert.deepEqual((await submissions(dir)).map(({ state }) => state), ["refused", "submitted"]);
  assert.equal(await clusters(farm), 1);
});

test("a run that is killed by SIGKILL in the middle and started again continues", async (farm) => {
  const fit = await openFit(farm, `[ "$shard" -lt 3 ] || ${WAIT}`);
  const words = condorRun(farm, { toys: 16, shards: 8, nextstat: fit.path });
  const first = farm.start(words);
  const dir = runDir(farm.folder);
  await until("three shards are done", async () => (await countDone(dir)) === 3);
  first.kill("SIGKILL");
  await first.ended;
  const before = await fingerprints(dir);
  await fit.mark("go");
  await farm.must(words);
  await assertMerged(dir, { toys: 16 });
  const after = await fingerprints(dir);
  assert.deepEqual([...before].filter(([name, mark]) => after.get(name) !== mark), []);
  assert.equal((await fit.log()).filter(({ what }) => what === "start").length, 8);
  assert.equal(await clusters(farm), 1);
});

for (const when of ["before", "after"]) {
  test(`a run that is killed by SIGKILL while condor_submit runs, ${when} it was answered, finds its jobs by their token and submits once`, async (farm) => {
    const shim = await slowSubmit(farm, when);
    const words = condorRun(farm, { toys: 8, shards: 4 });
    const first = farm.start(words, { env: { PATH: `${shim}:${Deno.env.get("PATH")}` } });
    const dir = runDir(farm.folder);
    await until("condor_submit runs", async () => (await namesIn(shim)).includes("begun"));
    if (when === "after") await until("the jobs are there", async () => await clusters(farm) === 1);
    first.kill("SIGKILL");
    await first.ended;
    if (when === "before") await until("the jobs are there", async () => await clusters(farm) === 1);
    assert.equal(at(JSON.parse(JSON.stringify((await submissions(dir))[0])), "state"), "intent");
    await farm.must(words);
    await assertMerged(dir, { toys: 8 });
    assert.deepEqual((await submissions(dir)).map(({ state }) => state), ["submitted"]);
    assert.equal(await clusters(farm), 1);
  });
}

/** A folder with a condor_submit that takes its time before the real one, or after it. */
async function slowSubmit(farm: CondorFarm, when: string): Promise<string> {
  const folder = join(farm.folder, "shim");
  await mkdir(folder);
  await chmod(folder, 0o777);
  const real = '/usr/bin/condor_submit "$@"';
  const lines = when === "before" ? ["sleep 2", real] : [real, "sleep 5"];
  await writeFile(join(folder, "condor_submit"), ["#!/bin/sh", `: >'${folder}/begun'`, ...lines, ""].join("\n"));
  await chmod(join(folder, "condor_submit"), 0o755);
  return folder;
}

test("preflight reports the pool and its limits, for people and as a document", async (farm) => {
  const { stdout } = await farm.must(["preflight", "--scheduler", "htcondor"]);
  assert.match(stdout, /^htcondor 23\./);
  assert.match(stdout, /^ {2}e1 .*2 CPUs, 4096 MB/m);
  assert.match(stdout, /--shards 6 \(3 for each of 2 CPUs\)/);
  const document = JSON.parse((await farm.must(["preflight", "--scheduler", "htcondor", "--json"])).stdout);
  assert.equal(at(document, "scheduler"), "htcondor");
  assert.equal(at(document, "suggestion.shards"), 6);
  await farm.pool.daemon("kill", "collector");
  const words = (await farm.must(["preflight", "--scheduler", "htcondor"])).stdout;
  assert.match(words, /no CPUs are seen/);
  await farm.pool.daemon("start", "collector");
  await untilIdle(farm);
  assert.equal(await queued(farm.pool), "");
});
