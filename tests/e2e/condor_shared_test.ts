import assert from "node:assert/strict";
import { mkdir, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import {
  condorFile,
  condorRun,
  lastCluster,
  openFit,
  queued,
  statusWords,
  untilIdle,
} from "../clusters/condor_farm.ts";
import { makespans } from "../clusters/condor_times.ts";
import { withOldGlibc } from "../clusters/old_node.ts";
import { assertMerged, submissions } from "../clusters/slurm_farm.ts";
import { amountOf, someOf } from "../support/amount.ts";
import { namesIn, nextstat, runDir, spec10k } from "../support/farm.ts";
import { readRecord } from "../support/run_dir.ts";
import { until } from "../support/scratch.ts";

const test = condorFile();

test("many shards give the unsharded result, each record has its node's name, and the makespan is right", async (farm) => {
  const fit = await openFit(farm);
  const dir = runDir(farm.folder);
  const shards = amountOf("shards on HTCondor", { quick: 12, usual: 12, all: 40 });
  const toys = amountOf("toys on HTCondor", { quick: 60, usual: 60, all: 1000 });
  await farm.must(condorRun(farm, { toys, shards, nextstat: fit.path }));
  await assertMerged(dir, { toys });
  const records = await Promise.all(Array.from({ length: shards }, (_, shard) => readRecord(dir, shard)));
  const cluster = await lastCluster(dir);
  assert.deepEqual(
    records.map(({ host, scheduler, job_id, task_id }) => `${host} ${scheduler} ${job_id}.${task_id}`),
    records.map(({ shard_index }) => `e1 htcondor ${cluster}.${shard_index}`),
  );
  const { ours, fits, condors } = await makespans(farm, dir, fit);
  assert(ours > fits - 0.01, `makespan ${ours} s, by the fits' own stamps, which lie in it, ${fits} s`);
  assert(ours <= condors + 2, `makespan ${ours} s, by the event log, which encloses it, ${condors} s`);
});

test("with --condor-max-materialize HTCondor makes the jobs a few at a time, and status reports the others as queued", async (farm) => {
  const fit = await openFit(farm, WAIT);
  const more = ["--condor-max-materialize", "2"];
  const dir = await farm.render({ toys: 16, shards: 8, nextstat: fit.path, more });
  await farm.must(["submit", dir]);
  await until("two fits run", async () => (await fit.log()).length === 2);
  assert.equal((await queued(farm.pool)).trim().split("\n").length, 2);
  assert.match(await statusWords(farm, dir), /queued +HTCondor creates it when others have ended .*: shards 2-7$/m);
  await fit.mark("go");
  await untilIdle(farm);
  await farm.must(["finish", dir]);
  await assertMerged(dir, { toys: 16 });
});

test("with --condor-max-idle cancel removes the jobs not made yet too, and retry runs them", async (farm) => {
  const fit = await openFit(farm, WAIT);
  const dir = await farm.render({ toys: 16, shards: 8, nextstat: fit.path, more: ["--condor-max-idle", "1"] });
  await farm.must(["submit", dir]);
  await until("four fits run", async () => (await fit.log()).length === 4);
  assert.equal((await queued(farm.pool)).trim().split("\n").length, 5);
  await farm.must(["cancel", dir]);
  await untilIdle(farm);
  const words = await statusWords(farm, dir);
  assert.match(words, /cancelled +removed with condor_rm: shards 0-4/);
  assert.match(words, /cancelled +removed before HTCondor created it: shards 5-7/);
  await fit.mark("go");
  await farm.must(["retry", dir, "--wait"]);
  await assertMerged(dir, { toys: 16 });
});

const WAIT = `until [ -e "$here/go" ]; do sleep 0.2; done`;

test("--shards-per-job makes few jobs of many shards", async (farm) => {
  const dir = runDir(farm.folder);
  await farm.must(condorRun(farm, { toys: 14, shards: 7, more: ["--shards-per-job", "3"] }));
  await assertMerged(dir, { toys: 14 });
  const [submission] = await submissions(dir);
  assert.deepEqual(submission?.tasks, [0, 0, 0, 1, 1, 1, 2]);
  const tasks = await Promise.all([0, 1, 2, 3, 4, 5, 6].map(async (shard) => (await readRecord(dir, shard)).task_id));
  assert.deepEqual(tasks, ["0", "0", "0", "1", "1", "1", "2"]);
  const proc_ids = await farm.pool.ask("condor_history", submission?.job_id ?? "", "-af", "ProcId");
  assert.deepEqual(proc_ids.trim().split("\n").sort(), ["0", "1", "2"]);
});

for (const wrapper of someOf("wrappers of jobs of HTCondor that hide a secret", ["sh", "binary"], 2)) {
  test(`a secret of the submitter is nowhere in the run, nor in the environment of a job with the ${wrapper} wrapper; --env passes one variable`, async (farm) => {
    const fit = await openFit(farm, `env >"$here/env"`);
    const dir = runDir(farm.folder);
    const env = { NSFARM_PLANTED: "planted-secret", WANTED: `it's "wanted"; a=b` };
    const more = ["--env", "WANTED", "--wrapper", wrapper];
    await farm.must(condorRun(farm, { toys: 2, shards: 1, nextstat: fit.path, more }), 0, { env });
    const seen = await readFile(join(fit.here, "env"), "utf8");
    assert.match(seen, /^WANTED=it's "wanted"; a=b$/m);
    assert.doesNotMatch(seen, /planted|NSFARM_PLANTED/i);
    for (const name of await readdir(dir, { recursive: true })) {
      const text = await readFile(join(dir, name), "utf8").catch(() => "");
      assert.doesNotMatch(text, /planted/i, name);
    }
  });
}

test("retry reruns a shard that failed in a pilot, in any pilot", async (farm) => {
  const fit = await openFit(farm, `[ "$shard" != 3 ] || [ -e "$here/go" ] || { echo no >&2; exit 3; }`);
  const dir = runDir(farm.folder);
  await farm.must(condorRun(farm, { toys: 12, shards: 6, nextstat: fit.path, more: ["--pilots", "2"] }), 5, {
    most_s: 300,
  });
  await fit.mark("go");
  await farm.must(["retry", dir, "--wait"], 0, { most_s: 300 });
  await assertMerged(dir, { toys: 12 });
  await untilIdle(farm);
});

const ODD = `it's "odd" $HOME $(Cluster) $ENV(HOME) $F(x) a\\b %d {{token}} \`touch pwn\` $(touch pwn); # é`;

for (const wrapper of someOf("wrappers of jobs of HTCondor with odd names", ["sh", "binary"], 2)) {
  test(`names and paths full of special characters are used literally by a run with the ${wrapper} wrapper`, async (farm) => {
    const place = join(farm.folder, ODD);
    await mkdir(place);
    const config = join(place, `${ODD}.json`);
    await Deno.copyFile(spec10k(), config);
    await Deno.copyFile(join(spec10k(), "../observed.parquet"), join(place, "observed.parquet"));
    await Deno.copyFile(nextstat(), join(place, `${ODD} nextstat`));
    await Deno.chown(place, 1000, 1000);
    const dir = join(place, "r");
    const more = ["--out-dir", place, "--wrapper", wrapper];
    const options = { toys: 4, shards: 2, config, nextstat: join(place, `${ODD} nextstat`), more };
    await farm.must(condorRun(farm, options));
    await assertMerged(dir, { toys: 4 });
    const names = await readdir(farm.pool.site, { recursive: true });
    assert.deepEqual(names.filter((name) => name.endsWith("/pwn")), []);
  });
}

for (
  const [what, out_dir, why] of [
    ["a line break", "a\nqueue 100", /control/],
    ["a backslash at its end", "a\\", /its path has a backslash at the end of a name/],
    ["two dollars", "a$$(Memory)", /its path has \$\$ in it/],
    ["HTCondor's word for a dollar", "a$(dollar)", /its path has \$\(DOLLAR\) in it/],
  ] as const
) {
  test(`a run directory whose name has ${what} is refused before anything is written`, async (farm) => {
    const words = condorRun(farm, { toys: 2, shards: 1, id: "r", more: ["--out-dir", join(farm.folder, out_dir)] });
    const { stderr } = await farm.must(words, 2);
    assert.match(stderr, why);
    assert.deepEqual(await namesIn(farm.folder), ["tmp"]);
  });
}

test("on a node whose glibc is too old the sh wrapper runs the shards, and status says so", async (farm) => {
  await withOldGlibc(farm.pool, "e1", farm.folder, async () => {
    await farm.must(condorRun(farm, { toys: 12, shards: 4 }));
  });
  const dir = runDir(farm.folder);
  await assertMerged(dir, { toys: 12 });
  const records = await Promise.all([0, 1, 2, 3].map((shard) => readRecord(dir, shard)));
  assert.deepEqual(new Set(records.map(({ wrapper, glibc }) => `${wrapper} ${glibc}`)), new Set(["sh 2.17"]));
  assert.match(
    await statusWords(farm, dir),
    /^glibc older than 2\.27: e1 2\.17; the sh wrapper runs the shards there$/m,
  );
});
