import assert from "node:assert/strict";
import { join } from "node:path";
import { assertMerged, type SlurmFarm, slurmFile, slurmRun, untilIdle } from "../clusters/slurm_farm.ts";
import { namesIn, readText, runDir } from "../support/farm.ts";
import { countDone, readAttempts, readManifest, readRecord } from "../support/run_dir.ts";
import { until } from "../support/scratch.ts";

const test = slurmFile();
const SLOW = { most_s: 300 };
const PILOTS = ["--pilots", "4", "--heartbeat-s", "1"];

/** Pids of the pilots that take shards of a run. */
async function pilots(dir: string): Promise<number[]> {
  const names = (await namesIn(join(dir, "claims"))).filter((name) => /^worker_[0-9a-f]{16}\.json$/.test(name));
  const texts = await Promise.all(names.map((name) => Deno.readTextFile(join(dir, "claims", name)).catch(() => "")));
  return texts.filter((text) => text !== "").map((text) => JSON.parse(text).process.pid);
}

async function removeClaims({ cluster }: SlurmFarm, dir: string): Promise<void> {
  await cluster.ask("rm", "-rf", join(dir, "claims"));
}

test("four pilots do 24 shards, each once, on both nodes, and the merged set is the unsharded result", async (farm) => {
  const fake = await farm.standIn("sleep 0.1");
  const dir = runDir(farm.folder);
  await farm.must(slurmRun(farm, { toys: 24, shards: 24, nextstat: fake.path, more: PILOTS }), 0, SLOW);
  await assertMerged(dir, { toys: 24 });
  const log = await fake.log();
  assert.deepEqual(log.filter((line) => line.what === "double"), []);
  assert.equal(log.filter((line) => line.what === "end").length, 24);
  const records = await Promise.all(Array.from({ length: 24 }, (_, i) => readRecord(dir, i)));
  assert.deepEqual([...new Set(records.map(({ host }) => host))].sort(), ["n1", "n2"]);
  assert(new Set(records.map(({ task_id }) => task_id)).size > 1);
  assert.equal((await readManifest(dir)).farm.pilots, 4);
  assert.deepEqual(await readAttempts(dir), []);
  const logs = (await namesIn(join(dir, "logs"))).filter((name) => name.startsWith("slurm_"));
  assert.equal(logs.length, 4);
  for (const name of logs) assert.doesNotMatch(await readText(join(dir, "logs", name)), /CANCELLED/, name);
  assert.doesNotMatch((await farm.must(["status", dir])).stdout, /worker/);
});

test("a pilot killed by SIGKILL loses its shards to the others, and no shard is lost", async (farm) => {
  const fake = await farm.standIn("sleep 0.3");
  const dir = runDir(farm.folder);
  const driver = farm.start(slurmRun(farm, { toys: 30, shards: 30, nextstat: fake.path, more: PILOTS }), SLOW);
  await until("pilots work", async () => (await pilots(dir)).length > 1 && await countDone(dir) >= 4);
  const [first] = await pilots(dir);
  await farm.cluster.asRoot("kill", "-9", `${first}`);
  const ran = await driver.ended;
  assert.equal(ran.code, 0, ran.stderr);
  await assertMerged(dir, { toys: 30 });
  await untilIdle(farm);
  await removeClaims(farm, dir);
});

test("with --speculate a pilot that is stopped near the end delays nothing", async (farm) => {
  const fake = await farm.standIn("sleep 1");
  const dir = runDir(farm.folder);
  const more = ["--pilots", "4", "--speculate"];
  const driver = farm.start(slurmRun(farm, { toys: 24, shards: 24, nextstat: fake.path, more }), SLOW);
  await until("most are done", async () => (await pilots(dir)).length > 1 && await countDone(dir) >= 12);
  const [first] = await pilots(dir);
  await farm.cluster.asRoot("kill", "-STOP", `${first}`);
  const ran = await driver.ended;
  assert.equal(ran.code, 0, ran.stderr);
  await assertMerged(dir, { toys: 24 });
  await untilIdle(farm);
  await removeClaims(farm, dir);
});

test("`work` elsewhere does half of the shards while pilots run; every toy once, and both are named", async (farm) => {
  const fake = await farm.standIn("sleep 0.4");
  const dir = runDir(farm.folder);
  const more = ["--pilots", "2", "--heartbeat-s", "1"];
  const driver = farm.start(slurmRun(farm, { toys: 40, shards: 40, nextstat: fake.path, more }), SLOW);
  await until("a pilot works", async () => await countDone(dir) >= 2);
  await farm.must(["work", dir, "--slots", "2", "--heartbeat-s", "1"], 0, SLOW);
  assert.equal((await driver.ended).code, 0);
  await assertMerged(dir, { toys: 40 });
  const records = await Promise.all(Array.from({ length: 40 }, (_, i) => readRecord(dir, i)));
  assert.deepEqual([...new Set(records.map(({ scheduler }) => scheduler))].sort(), ["local", "slurm"]);
  assert.equal((await fake.log()).filter((line) => line.what === "end").length, 40);
});
