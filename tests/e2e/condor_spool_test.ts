import assert from "node:assert/strict";
import { chmod, copyFile, readdir, rename } from "node:fs/promises";
import { dirname, join } from "node:path";
import {
  type CondorFarm,
  condorFile,
  condorRun,
  lastCluster,
  type OpenFit,
  openFit,
  queued,
  statusWords,
  untilIdle,
} from "../clusters/condor_farm.ts";
import { assertMerged } from "../clusters/slurm_farm.ts";
import { assertNothingLeft, SPOOL, untilCompleted } from "../clusters/spooled_runs.ts";
import { someOf } from "../support/amount.ts";
import { namesIn, nextstat, requestArgs, runDir, spec10k } from "../support/farm.ts";
import { countDone, readRecord } from "../support/run_dir.ts";
import { until } from "../support/scratch.ts";
import { programInFront } from "../clusters/user_farm.ts";

const test = condorFile({ nodes: 2, slots: 2, hidden: true });

/** As openFit, in a folder without a blank in its path. */
async function spoolFit(farm: CondorFarm, behaviour: string): Promise<OpenFit> {
  const fit = await openFit(farm, behaviour);
  const path = join(fit.here, "open-fit");
  await copyFile(fit.path, path);
  return { ...fit, path };
}

for (const wrapper of someOf("wrappers of spooled jobs", ["sh", "binary"], 2)) {
  test(`a spooled run with the ${wrapper} wrapper gives the unsharded result and leaves no job in the queue`, async (farm) => {
    await farm.must(condorRun(farm, { toys: 24, shards: 6, more: [...SPOOL, "--wrapper", wrapper] }));
    const dir = runDir(farm.folder);
    await assertMerged(dir, { toys: 24 });
    await assertNothingLeft(farm, dir);
    const iwds = await farm.pool.ask("condor_history", await lastCluster(dir), "-af", "Iwd");
    assert.equal(iwds.match(/\/spool\//g)?.length, 6, iwds);
    assert.equal((await readRecord(dir, 5)).wrapper, wrapper);
    const logs = await namesIn(join(dir, "logs"));
    assert.equal(logs.filter((name) => /^condor\.\d+\.shard_\d\.(out|log)$/.test(name)).length, 12, logs.join());
  });
}

test("while the run directory and nextstat are away, spooled jobs run; then collect fetches their results", async (farm) => {
  const place = join(await Deno.makeTempDir({ dir: farm.pool.open }), "fit");
  await copyFile(nextstat(), place);
  await chmod(dirname(place), 0o755);
  const dir = await farm.render({ toys: 12, shards: 4, nextstat: place, more: [...SPOOL, "--shards-per-job", "2"] });
  await farm.must(["submit", dir]);
  for (const path of [dir, place]) await rename(path, `${path}.away`);
  await untilCompleted(farm, 2);
  for (const path of [dir, place]) await rename(`${path}.away`, path);
  await farm.must(["collect", dir]);
  await assertNothingLeft(farm, dir);
  await farm.must(["merge", dir]);
  await assertMerged(dir, { toys: 12 });
});

test("a sweep of spooled runs", async (farm) => {
  const runs = join(farm.folder, "runs");
  await farm.must([
    ...["sweep", "run", "--scheduler", "htcondor", "--shards-list", "1,3", "--n-toys", "6", "--config", spec10k()],
    ...["--nextstat-bin", nextstat(), "--threads", "1", "--no-check", "--out-root", runs, "--sweep-id", "s", ...SPOOL],
  ]);
  const points = (await readdir(runs, { withFileTypes: true })).filter((entry) => entry.isDirectory());
  assert.equal(points.length, 2);
  for (const { name } of points) await assertMerged(join(runs, name), { toys: 6 });
  await untilIdle(farm);
});

test("a spooled job that fails is reported with the cause in its files, and retry finishes the run", async (farm) => {
  const fit = await spoolFit(farm, `[ "$shard" != 1 ] || [ -e "$here/well" ] || { echo "no such model" >&2; exit 7; }`);
  await farm.must(condorRun(farm, { toys: 6, shards: 3, nextstat: fit.path, more: SPOOL }), 5);
  const dir = runDir(farm.folder);
  await assertNothingLeft(farm, dir);
  assert.match(
    await statusWords(farm, dir),
    /2 done, 1 failed of 3 shards[^]*failed +exit 7: no such model.*: shard 1/,
  );
  await fit.mark("well");
  await farm.must(["retry", dir, "--wait"]);
  await assertMerged(dir, { toys: 6 });
  await assertNothingLeft(farm, dir);
});

for (
  const { when, name, before, after } of [
    { when: "before it fetches", name: "condor_transfer_data", before: "kill -9 $PPID; exit 1" },
    { when: "after results were fetched", name: "condor_transfer_data", before: "", after: "kill -9 $PPID" },
    { when: "before jobs are removed", name: "condor_rm", before: "kill -9 $PPID; exit 1" },
    { when: "after jobs were removed", name: "condor_rm", before: "", after: "kill -9 $PPID" },
  ]
) {
  test(`a status that is killed ${when} loses nothing: the next one has all results`, async (farm) => {
    const dir = await farm.render({ toys: 8, shards: 4, more: SPOOL });
    await farm.must(["submit", dir]);
    await untilCompleted(farm, 4);
    const env = await programInFront(farm.folder, name, `${before}\n"$real" "$@" || exit\n${after}`);
    assert.notEqual((await farm.start(["status", dir], { env }).ended).code, 0);
    assert.match(await statusWords(farm, dir), /4 done of 4 shards/);
    await farm.must(["collect", dir]);
    await farm.must(["merge", dir]);
    await assertMerged(dir, { toys: 8 });
    await assertNothingLeft(farm, dir);
  });
}

test("many commands at once fetch the same results, and each shard is committed once", async (farm) => {
  const dir = await farm.render({ toys: 12, shards: 6, more: SPOOL });
  await farm.must(["submit", dir]);
  await untilCompleted(farm, 6);
  await Promise.all([1, 2, 3, 4].map(() => farm.must(["status", dir])));
  assert.equal(await countDone(dir), 6);
  assert.deepEqual(await namesIn(join(dir, "aside")), []);
  await farm.must(["collect", dir]);
  await farm.must(["merge", dir]);
  await assertMerged(dir, { toys: 12 });
  await assertNothingLeft(farm, dir);
});

test("a held spooled job is reported and continues after its release; a cancelled one is rerun by retry", async (farm) => {
  const fit = await spoolFit(farm, `until [ -e "$here/go" ]; do sleep 0.2; done`);
  const dir = await farm.render({ toys: 6, shards: 3, nextstat: fit.path, more: SPOOL });
  await farm.must(["submit", dir]);
  await until("all fits run", async () => (await fit.log()).length === 3);
  const cluster = await lastCluster(dir);
  await farm.pool.ask("condor_hold", `${cluster}.1`);
  await until("it is held", async () => (await statusWords(farm, dir)).includes("1 held"));
  await farm.pool.ask("condor_rm", `${cluster}.2`);
  await until("it is cancelled", async () => (await statusWords(farm, dir)).includes("1 cancelled"));
  await fit.mark("go");
  await farm.pool.ask("condor_release", `${cluster}.1`);
  await until("two are done", async () => (await statusWords(farm, dir)).includes("2 done"));
  await farm.must(["retry", dir, "--wait"]);
  await assertMerged(dir, { toys: 6 });
  await assertNothingLeft(farm, dir);
});

for (
  const { more, says } of [
    { more: ["--condor-spool"], says: /without file transfer\n.*Add --mode transfer/ },
    { more: [...SPOOL, "--condor-max-idle", "2"], says: /--condor-spool with --condor-max-idle/ },
    { more: [...SPOOL, "--condor-line", "leave_in_queue = True"], says: /sets leave_in_queue itself/ },
    { more: [...SPOOL, "--pilots", "2"], says: /--pilots with file transfer/ },
  ]
) {
  test(`${more.join(" ")} is refused before anything is written`, async (farm) => {
    const before = await readdir(farm.folder);
    const words = ["render", "--scheduler", "htcondor", ...requestArgs(farm.folder, { toys: 2, shards: 2, more })];
    assert.match((await farm.must(words, 2)).stderr, says);
    assert.deepEqual(await readdir(farm.folder), before);
  });
}

test("submit --finish and --mode shared are refused for a spooled run before anything is submitted", async (farm) => {
  const dir = await farm.render({ toys: 2, shards: 1, more: SPOOL });
  assert.match((await farm.must(["submit", dir, "--finish"], 2)).stderr, /--finish with --condor-spool.*\n.*--wait/);
  assert.match((await farm.must(["submit", dir, "--mode", "shared"], 2)).stderr, /without file transfer/);
  assert.equal(await queued(farm.pool), "");
});
