import assert from "node:assert/strict";
import { join } from "node:path";
import { assertMerged, jobIds, retryToEnd, slurmFile, untilSaid } from "../clusters/slurm_farm.ts";
import { namesIn } from "../support/farm.ts";
import { readRecord } from "../support/run_dir.ts";
import { pause, until } from "../support/scratch.ts";

const test = slurmFile(["--slurmd-timeout", "8"]);

const WAITING = `until [ -e "$here/go" ]; do sleep 0.1; done`;

test("a slurmd that dies and comes back in time has no effect", async (farm) => {
  const fake = await farm.standIn(WAITING);
  const dir = await farm.render({ toys: 4, shards: 4, nextstat: fake.path });
  await farm.must(["submit", dir]);
  await until("all run", async () => (await fake.log()).length === 4);
  await farm.cluster.daemon("kill", "slurmd-n1");
  await pause(2000);
  await farm.cluster.daemon("start", "slurmd-n1");
  await fake.mark("go");
  await farm.must(["submit", dir, "--wait"]);
  await assertMerged(dir, { toys: 4 });
  assert.equal((await fake.log()).filter((one) => one.what === "start").length, 4);
});

test("a node that dies with its jobs is reported as such, and retry runs their shards elsewhere", async (farm) => {
  const fake = await farm.standIn(WAITING);
  const dir = await farm.render({ toys: 8, shards: 4, nextstat: fake.path });
  await farm.must(["submit", dir]);
  await until("all run", async () => (await fake.log()).length === 4);
  await farm.cluster.daemon("kill", "node-n1");
  await fake.mark("go");
  try {
    await untilSaid(farm, dir, /failed +its node went down: shards? \S+ on n1/);
    await retryToEnd(farm, dir, 8);
    for (const shard of [0, 1, 2, 3]) assert.equal((await readRecord(dir, shard)).host, "n2");
    assert.match((await farm.must(["nodes"])).stdout, /^n1 +slurm +failed in 1 run\n.* ago +r: its node went down$/m);
  } finally {
    await farm.cluster.daemon("start", "node-n1");
  }
});

test("jobs that outlive their cut-off node run a second time elsewhere; both end, and each toy counts once", async (farm) => {
  const fake = await farm.standIn(`[ "$(uname -n)" != n1 ] || ${WAITING}`);
  const dir = await farm.render({ toys: 8, shards: 4, nextstat: fake.path });
  await farm.must(["submit", dir]);
  await until("all run", async () => (await fake.log()).filter((one) => one.what === "start").length === 4);
  await farm.cluster.daemon("kill", "slurmd-n1");
  try {
    await untilSaid(farm, dir, /failed +its node went down: shards? \S+ on n1/);
    await retryToEnd(farm, dir, 8);
    await fake.mark("go");
    await until(
      "the first copies have ended",
      async () => (await fake.log()).filter((one) => one.what === "end").length === 6,
    );
    await until("nothing is left unchecked", async () => (await namesIn(join(dir, "incoming"))).length === 0);
  } finally {
    await farm.cluster.daemon("start", "slurmd-n1");
  }
  await farm.must(["verify", dir]);
  await farm.must(["merge", dir]);
  await assertMerged(dir, { toys: 8 });
  assert.deepEqual(await namesIn(join(dir, "aside")), []);
  assert.equal((await jobIds(dir)).length, 2);
});
