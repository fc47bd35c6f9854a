// slow: each run waits for a few probes on Slurm; on this machine the same is tested before a push
import assert from "node:assert/strict";
import { join } from "node:path";
import { cutPlans, livePlans, uncutPlan } from "../../core/check_manifest.ts";
import { assertMerged, slurmFile, submissions } from "../clusters/slurm_farm.ts";
import { namesIn, readText, runDir } from "../support/farm.ts";
import { countDone, fingerprints, readManifest } from "../support/run_dir.ts";
import { killQuietly, until } from "../support/scratch.ts";
import { assertCutOnce, assertMinutes, wholeShards } from "../support/minutes.ts";
import { slurmMinutes } from "../clusters/minutes.ts";
import { programInFront } from "../clusters/user_farm.ts";

const test = slurmFile();

test("run has jobs of the wanted time: eight probes, then an array of shards that is cut by their times", async (farm) => {
  const toys = 900;
  await farm.must(await slurmMinutes(farm, 0.1, toys), 0, { most_s: 300 });
  const dir = runDir(farm.folder);
  assert.equal(await assertCutOnce(dir), 8);
  const manifest = await readManifest(dir);
  const others = livePlans(manifest).filter(({ farm }) => !farm?.probe).map(({ shard_index }) => shard_index);
  assert.deepEqual((await submissions(dir)).map(({ shards }) => shards), [[0, 1, 2, 3, 4, 5, 6, 7], others]);
  const whole = await wholeShards(dir);
  assert(whole.length >= 8);
  assertMinutes(whole.map((one) => ({ ...one, host: "any" })));
  await assertMerged(dir, { toys });
});

test("a driver that is killed between the cut and its submission submits those shards, each once", async (farm) => {
  const toys = 300;
  const lines = `echo >>'${farm.folder}/calls'
[ "$(wc -l <'${farm.folder}/calls')" != 2 ] || { echo $$ >'${farm.folder}/second'; exec sleep 600; }
exec "$real" "$@"`;
  const env = await programInFront(farm.folder, "sbatch", lines);
  const args = await slurmMinutes(farm, 0.05, toys);
  const dir = runDir(farm.folder);
  const driver = farm.start(args, { env });
  await until("the second sbatch is called", async () => (await namesIn(farm.folder)).includes("second"));
  driver.kill("SIGKILL");
  await driver.ended;
  const { plans } = await readManifest(dir);
  assert.equal(uncutPlan({ plans }), undefined);
  killQuietly(Number(await readText(join(farm.folder, "second"))));
  await farm.must(args, 0, { env });
  assert.deepEqual((await readManifest(dir)).plans, plans, "they are not cut again");
  await assertCutOnce(dir);
  await assertMerged(dir, { toys });
});

test("a driver that is killed while its probes run finds them done, cuts the other toys and submits them", async (farm) => {
  const toys = 300;
  const args = await slurmMinutes(farm, 0.05, toys);
  const dir = runDir(farm.folder);
  const driver = farm.start(args);
  await until("the probes are submitted", async () => (await submissions(dir))[0]?.state === "submitted");
  driver.kill("SIGKILL");
  await driver.ended;
  await until("the probes are done", async () => await countDone(dir) === 8);
  assert(uncutPlan(await readManifest(dir)));
  const before = await fingerprints(dir);
  await farm.must(args);
  for (const [name, print] of await fingerprints(dir)) assert.equal(before.get(name) ?? print, print, name);
  await assertCutOnce(dir);
  assert.equal((await submissions(dir)).length, 2);
  await assertMerged(dir, { toys });
});

test("submit --wait of an interrupted run waits for the probes, cuts and submits; --finish says that it is too early", async (farm) => {
  const toys = 300;
  const dir = runDir(farm.folder);
  const driver = farm.start(await slurmMinutes(farm, 0.05, toys));
  await until("the probes are submitted", async () => (await submissions(dir))[0]?.state === "submitted");
  driver.kill("SIGTERM");
  await driver.ended;
  const early = await farm.must(["submit", dir, "--finish"]);
  assert.match(early.stdout, /^no finishing job: \d+ toys are not in shards before the probes have ended$/m);
  assert.match((await farm.must(["status", dir])).stdout, /^\d+ toys are not in shards yet: they are cut when /m);
  await farm.must(["submit", dir, "--wait"]);
  await assertCutOnce(dir);
  await assertMerged(dir, { toys });
});

test("run --recover reruns a probe that failed, then cuts and submits the other toys, without a word of a full queue", async (farm) => {
  const toys = 300;
  const fails = `case $out in *incoming/shard_0.1.out.json | *incoming/.shard_0.1.out.json) exit 3 ;; esac`;
  const { stderr } = await farm.must([...await slurmMinutes(farm, 0.05, toys, fails), "--recover", "2"]);
  assert.doesNotMatch(stderr, /takes no more jobs/);
  const dir = runDir(farm.folder);
  await assertCutOnce(dir);
  assert.deepEqual((await submissions(dir)).map(({ shards }) => shards[0]).slice(0, 2), [0, 0]);
  await assertMerged(dir, { toys });
});

test("render cuts at once by its trial fit, so that submit --finish needs nobody", async (farm) => {
  const toys = 200;
  await farm.must((await slurmMinutes(farm, 0.05, toys)).with(0, "render"));
  const dir = runDir(farm.folder);
  assert.equal(uncutPlan(await readManifest(dir)), undefined);
  await farm.must(["submit", dir, "--finish"]);
  await until("it is merged", async () => (await namesIn(dir)).includes("merge_status.json"));
  assertMinutes((await wholeShards(dir)).map((one) => ({ ...one, host: "any" })));
  assert.equal(await countDone(dir), cutPlans(await readManifest(dir)).length);
  await assertMerged(dir, { toys });
});
