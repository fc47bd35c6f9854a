import assert from "node:assert/strict";
import { join } from "node:path";
import { assertMerged, type SlurmFarm, slurmFile, slurmRun, submissions, untilIdle } from "../clusters/slurm_farm.ts";
import { namesIn, runDir } from "../support/farm.ts";
import { until } from "../support/scratch.ts";

const test = slurmFile();
const SLOW = { most_s: 280 };

const pilots = async (dir: string): Promise<number> =>
  (await namesIn(join(dir, "claims"))).filter((name) => /^worker_[0-9a-f]{16}\.json$/.test(name)).length;

/** Begins a run whose pilots wait for the mark "go" in their first fits. */
async function pilotRun(farm: SlurmFarm, count: number) {
  const fake = await farm.standIn('until [ -e "$here/go" ]; do sleep 0.1; done; sleep 0.2');
  const dir = runDir(farm.folder);
  const more = ["--pilots", `${count}`];
  const driver = farm.start(slurmRun(farm, { toys: 24, shards: 24, nextstat: fake.path, more }), SLOW);
  const starts = async () => (await fake.log()).filter(({ what }) => what === "start").length;
  await until("its pilots fit", async () => (await starts()) === Math.min(count, 4));
  const finish = async () => {
    const ran = await driver.ended;
    assert.equal(ran.code, 0, ran.stderr);
    await assertMerged(dir, { toys: 24 });
    const log = await fake.log();
    assert.deepEqual(log.filter(({ what }) => what === "double"), []);
    const ended = log.flatMap(({ what, shard }) => what === "end" ? shard : []).sort((a, b) => a - b);
    assert.deepEqual(ended, Array.from({ length: 24 }, (_, shard) => shard), "each shard was fitted once");
    await untilIdle(farm);
  };
  return { fake, dir, starts, finish };
}

test("pilots +2 join in; pilots -2 ends two after their present fit, and the others do the rest", async (farm) => {
  const { fake, dir, starts, finish } = await pilotRun(farm, 2);
  assert.match((await farm.must(["pilots", dir, "+2"])).stdout, /^submitted 2 pilots: slurm job \d+$/m);
  await until("four pilots fit", async () => (await starts()) === 4);
  assert.match((await farm.must(["status", dir])).stdout, /^2 pilots added$/m);
  assert.equal((await farm.must(["pilots", dir, "-2"])).stdout, "2 running pilots end after the present fit\n");
  await fake.mark("go");
  await until("two have ended", async () => (await pilots(dir)) <= 2);
  await finish();
});

test("pilots -3 cancels one that waits and lets two end that run; without a sign it is refused", async (farm) => {
  const { fake, dir, finish } = await pilotRun(farm, 5);
  assert.match((await farm.must(["pilots", dir, "3"], 2)).stderr, /wanted a number with a sign/);
  assert.equal(
    (await farm.must(["pilots", dir, "-3"])).stdout,
    "cancelled 1 waiting pilot\n2 running pilots end after the present fit\n",
  );
  await fake.mark("go");
  await finish();
});

test("a pause holds pilots that wait; those that run take no shard, also while pilots wait, until resume", async (farm) => {
  const { fake, dir, starts, finish } = await pilotRun(farm, 5);
  assert.match((await farm.must(["pause", dir])).stdout, /waiting pilots are held; one that runs ends after 5 minutes/);
  await fake.mark("go");
  await until("four are done", async () => / 4 done/.test((await farm.must(["status", dir])).stdout));
  assert.equal(await starts(), 4);
  assert.match((await farm.must(["pilots", dir, "+1"], 2)).stderr, /Cannot add pilots to .*: it is paused since/);
  await farm.must(["resume", dir]);
  await finish();
});

test("when all pilots of a paused run have gone, resume submits new ones and the driver goes on with them", async (farm) => {
  const { fake, dir, starts, finish } = await pilotRun(farm, 2);
  await farm.must(["pause", dir]);
  await farm.must(["pilots", dir, "-2"]);
  await fake.mark("go");
  await untilIdle(farm);
  assert.equal(await starts(), 2);
  assert.match((await farm.must(["status", dir])).stdout, /2 done, 22 not submitted of 24 shards\n.*\npaused since/);
  assert.match((await farm.must(["resume", dir])).stdout, /submitted new pilots: slurm job \d+/);
  await finish();
  assert.equal((await submissions(dir)).length, 2);
});

test("a run without pilots has none to change, and says what to use instead", async (farm) => {
  const dir = await farm.render({ toys: 4, shards: 4 });
  assert.match(
    (await farm.must(["pilots", dir, "+1"], 2)).stderr,
    /rendered without --pilots\n {2}nsfarm-deno throttle/,
  );
});
