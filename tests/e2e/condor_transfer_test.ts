import assert from "node:assert/strict";
import { copyFile, mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { stringify } from "yaml";
import { giveAway } from "../clusters/as_user.ts";
import {
  type CondorFarm,
  condorFile,
  condorRun,
  lastCluster,
  openFit,
  statusWords,
  untilIdle,
} from "../clusters/condor_farm.ts";
import { makespans } from "../clusters/condor_times.ts";
import { assertMerged } from "../clusters/slurm_farm.ts";
import { amountOf, someOf } from "../support/amount.ts";
import { inputs, namesIn, nextstat, requestArgs, runDir, spec10k } from "../support/farm.ts";
import { readManifest, readRecord } from "../support/run_dir.ts";
import { until } from "../support/scratch.ts";
import { at, readJson } from "../support/toys.ts";
import { assertTest, TEST_WORDS, writeWorkspace } from "../support/workspace.ts";

const test = condorFile({ nodes: 2, slots: 2, hidden: true });
const TRANSFER = ["--mode", "transfer"];

test("many shards on nodes without the run directory give the unsharded result, with node names and the right makespan", async (farm) => {
  const fit = await openFit(farm, `[ ! -e '${farm.folder}' ] || exit 9`);
  const dir = runDir(farm.folder);
  const shards = amountOf("shards that are sent to their nodes", { quick: 12, usual: 12, all: 40 });
  const toys = amountOf("toys that are sent to their nodes", { quick: 60, usual: 60, all: 1000 });
  await farm.must(condorRun(farm, { toys, shards, nextstat: fit.path, more: TRANSFER }));
  await assertMerged(dir, { toys });
  const nodes = await nodesOf(farm, dir);
  const records = await Promise.all(Array.from({ length: shards }, (_, shard) => readRecord(dir, shard)));
  assert.deepEqual(records.map(({ host }) => host), records.map(({ shard_index }) => nodes.get(`${shard_index}`)));
  assert.deepEqual([...new Set(records.map(({ host, wrapper }) => `${host} ${wrapper}`))].sort(), ["e1 sh", "e2 sh"]);
  const { ours, fits, condors } = await makespans(farm, dir, fit);
  assert(ours > fits - 0.01, `makespan ${ours} s, by the fits' own stamps, which lie in it, ${fits} s`);
  assert(ours <= condors + 2, `makespan ${ours} s, by the event log, which encloses it, ${condors} s`);
});

/** The machine on which each job of the last cluster ran, as HTCondor's history says. */
async function nodesOf({ pool }: CondorFarm, dir: string): Promise<Map<string, string>> {
  const text = await pool.ask("condor_history", await lastCluster(dir), "-af", "ProcId", "LastRemoteHost");
  return new Map([...text.matchAll(/^(\d+) \S+@(\S+)$/gm)].map(([, proc = "", host = ""]) => [proc, host]));
}

for (
  const wrapper of someOf("wrappers of jobs that are submitted by hand and sent to their nodes", ["sh", "binary"], 2)
) {
  test(`condor_submit by hand of the transfer file with the ${wrapper} wrapper, then collect and merge, give the unsharded result`, async (farm) => {
    const dir = await farm.render({ toys: 12, shards: 6, more: [...TRANSFER, "--wrapper", wrapper] });
    await farm.pool.ask("condor_submit", join(dir, "condor_job_transfer.sub"));
    await untilIdle(farm);
    await farm.must(["collect", dir]);
    await farm.must(["merge", dir]);
    await assertMerged(dir, { toys: 12 });
    const { host, wrapper: by, job_id } = await readRecord(dir, 5);
    assert.match(host, /^e[12]$/);
    assert.equal(by, wrapper);
    assert.match(job_id ?? "", /^[0-9]+$/);
    assert.deepEqual(await namesIn(join(dir, "incoming")), []);
  });
}

for (const wrapper of someOf("wrappers of jobs of many shards that are sent to their nodes", ["sh", "binary"], 2)) {
  test(`--shards-per-job makes few jobs of many shards with the ${wrapper} wrapper`, async (farm) => {
    const more = [...TRANSFER, "--shards-per-job", "3", "--wrapper", wrapper];
    await farm.must(condorRun(farm, { toys: 14, shards: 7, more }));
    const dir = runDir(farm.folder);
    await assertMerged(dir, { toys: 14 });
    const tasks = await Promise.all([0, 1, 2, 3, 4, 5, 6].map(async (shard) => (await readRecord(dir, shard)).task_id));
    assert.deepEqual(tasks, ["0", "0", "0", "1", "1", "1", "2"]);
  });
}

/** A spec in YAML of two channels, whose files have one name in two folders; returns its path. */
async function twoChannels(farm: CondorFarm, paths: [string, string]): Promise<string> {
  const folder = join(farm.folder, "my study", "specs & more");
  const spec = await readJson(spec10k());
  const channels = at(spec, "channels");
  assert(Array.isArray(channels) && channels[0] !== undefined && typeof spec === "object" && spec !== null);
  const [main] = channels;
  const named = paths.map((file, i) => ({ ...Object(main), name: `channel${i}`, data: { file } }));
  await mkdir(folder, { recursive: true });
  for (const path of paths) {
    if (path.startsWith("/")) continue;
    await mkdir(join(folder, path, ".."), { recursive: true });
    await copyFile(join(inputs(), "observed.parquet"), join(folder, path));
  }
  await writeFile(join(folder, "two channels.yaml"), stringify({ ...spec, channels: named }));
  await giveAway(join(farm.folder, "my study"));
  return join(folder, "two channels.yaml");
}

for (
  const [what, paths] of [
    ["equal base names in folders below the spec, with blanks", ["a/observed.parquet", "b c/observed.parquet"]],
    ["equal base names in folders beside the spec's", ["../data 1/observed.parquet", "./observed.parquet"]],
  ] as [string, [string, string]][]
) {
  test(`a YAML spec whose files have ${what} is sent whole, each file to its path`, async (farm) => {
    const config = await twoChannels(farm, paths);
    await farm.must(condorRun(farm, { toys: 6, shards: 3, config, more: [...TRANSFER, "--gen", "mle"] }));
    await assertMerged(runDir(farm.folder), { toys: 6, config, more: ["--gen", "mle"] });
  });
}

test("a spec that names a file by an absolute path is refused with that path before anything is written", async (farm) => {
  const config = await twoChannels(farm, [join(inputs(), "observed.parquet"), "b/observed.parquet"]);
  const { stderr } = await farm.must(condorRun(farm, { toys: 6, shards: 3, config, more: TRANSFER }), 3);
  assert.match(stderr, /Cannot send "\/.*\/inputs\/observed\.parquet" to another machine: .* absolute path/);
  assert.match(stderr, /--mode shared/);
  assert.deepEqual(await namesIn(farm.folder), ["my study", "tmp"]);
});

for (
  const wrapper of someOf("wrappers of jobs that are sent to their nodes with an environment", ["binary", "sh"], 2)
) {
  test(`--setup and --env reach a job with the ${wrapper} wrapper on its node, a secret does not`, async (farm) => {
    const fit = await openFit(farm, `env >"$here/env"; [ "$SITE" = ok ] || exit 7`);
    await writeFile(join(fit.here, "setup.sh"), "export SITE=ok\n");
    const more = [...TRANSFER, "--wrapper", wrapper, "--env", "WANTED", "--setup", `. '${fit.here}/setup.sh'`];
    const env = { NSFARM_PLANTED: "planted-secret", WANTED: `it's "wanted"; a=b $HOME` };
    await farm.must(condorRun(farm, { toys: 2, shards: 1, nextstat: fit.path, more }), 0, { env });
    const seen = await readFile(join(fit.here, "env"), "utf8");
    assert(seen.includes(`\nWANTED=${env.WANTED}\n`), seen);
    assert.doesNotMatch(seen, /planted/i);
    const dir = runDir(farm.folder);
    for (const name of await readdir(dir, { recursive: true })) {
      const text = await readFile(join(dir, name), "utf8").catch(() => "");
      assert.doesNotMatch(text, /planted/i, name);
    }
  });
}

test("a run rendered for a shared file system gets a warning, waits for no machine, and --mode transfer sends it", async (farm) => {
  const options = { toys: 6, shards: 3 };
  const words = ["render", "--scheduler", "htcondor", ...requestArgs(farm.folder, options)];
  const { stderr } = await farm.must(words);
  assert.match(stderr, /warning: no machine of this pool shares files with this machine .*--mode transfer/);
  const dir = runDir(farm.folder);
  await farm.must(["submit", dir]);
  const reported = async () => /queued +no matching machine is free/.test(await statusWords(farm, dir));
  await until("status tells that no machine fits", reported);
  await farm.must(["retry", dir, "--mode", "transfer", "--wait"]);
  await assertMerged(dir, { toys: 6 });
  const other = await farm.render({ ...options, id: "other" });
  await farm.must(["submit", other, "--mode", "transfer", "--wait"]);
  await assertMerged(other, { toys: 6 });
});

test("a missing input holds the jobs: run ends with the reason instead of waiting, and retry finishes it", async (farm) => {
  const place = join(farm.folder, "fit");
  await copyFile(nextstat(), place);
  const dir = await farm.render({ toys: 6, shards: 3, nextstat: place, more: TRANSFER });
  await rename(place, `${place}.away`);
  const { stderr } = await farm.must(["submit", dir, "--wait"], 5);
  assert.match(stderr, /^held +its input files could not be sent.*\/fit.*No such file or directory.*: shards? 0/m);
  assert.match(
    await statusWords(farm, dir),
    /3 held of 3 shards[^]*held +its input files could not be sent: .*shards 0-2/,
  );
  await rename(`${place}.away`, place);
  await farm.must(["retry", dir, "--wait"]);
  await assertMerged(dir, { toys: 6 });
});

test("a file of the spec that is gone from the run directory is reported with nextstat's own message, and retry stages it anew", async (farm) => {
  const dir = await farm.render({ toys: 6, shards: 3, more: TRANSFER });
  await rm(join(dir, "inputs", "observed.parquet"));
  await farm.must(["submit", dir, "--wait"], 5);
  assert.match(await statusWords(farm, dir), /3 failed of 3 shards[^]*observed\.parquet/);
  await farm.must(["retry", dir, "--wait"]);
  await assertMerged(dir, { toys: 6 });
});

test("shards that timed out on their nodes are split by retry --split, and the merge is the unsharded result", async (farm) => {
  const fit = await openFit(farm, `case $shard in S+* | 0) ;; *) sleep 60 ;; esac`);
  const more = [...TRANSFER, "--condor-max-run-time", "0:05"];
  const dir = await farm.render({ toys: 9, shards: 3, nextstat: fit.path, more });
  await farm.must(["submit", dir, "--wait"], 5);
  assert.match(
    await statusWords(farm, dir),
    /timed_out +it ran longer than --condor-max-run-time allows.*: shards 1-2/,
  );
  await farm.must(["retry", dir, "--split", "--more-time", "0:30", "--wait"]);
  await assertMerged(dir, { toys: 9 });
  assert.deepEqual((await readManifest(dir)).plans.map(({ n_toys }) => n_toys), [3, 3, 3, 2, 1, 2, 1]);
});

test("cancel stops jobs that were sent to nodes, and finished shards stay", async (farm) => {
  const fit = await openFit(farm, `[ "$shard" = 0 ] || until [ -e "$here/go" ]; do sleep 0.2; done`);
  const dir = await farm.render({ toys: 8, shards: 4, nextstat: fit.path, more: TRANSFER });
  await farm.must(["submit", dir]);
  await until(
    "all fits have begun",
    async () => (await fit.log()).filter(({ what }) => what === "start").length === 4,
  );
  await until("shard 0 is done", async () => (await statusWords(farm, dir)).includes("1 done"));
  await farm.must(["cancel", dir]);
  await untilIdle(farm);
  assert.match(await statusWords(farm, dir), /1 done, 3 cancelled of 4 shards[^]*cancelled .*: shards 1-3/);
  await fit.mark("go");
  await farm.must(["retry", dir, "--wait"]);
  await assertMerged(dir, { toys: 8 });
  assert.equal((await readManifest(dir)).farm.mode, "transfer");
});

test("a hypothesis test in jobs that were sent to their nodes gives what one nextstat run of all toys prints", async (farm) => {
  const config = await writeWorkspace(farm.folder);
  await farm.must(condorRun(farm, { toys: 60, shards: 6, config, more: [...TRANSFER, ...TEST_WORDS] }));
  await assertTest(farm.folder, runDir(farm.folder), config);
});
