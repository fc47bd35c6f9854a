import assert from "node:assert/strict";
import { join } from "node:path";
import { alikeTests } from "../clusters/alike.ts";
import { assertMerged, slurmFile, untilIdle } from "../clusters/slurm_farm.ts";
import { until } from "../support/scratch.ts";
import { arrayAt, at, readJson } from "../support/toys.ts";

const test = slurmFile();

alikeTests({ scheduler: "slurm", of: "Slurm", wrappers: ["sh", "binary"] }, (name, work) =>
  test(name, (farm) => {
    const { ask, env } = farm.cluster;
    return work({ ...farm, ask, env, fit: farm.standIn, untilIdle: () => untilIdle(farm) });
  }));

test("submit --finish of a run whose job is cancelled while it waits still collects, and reports the shards", async (farm) => {
  const fake = await farm.standIn(`[ "$shard" != 0 ] || until [ -e "$here/go" ]; do sleep 0.1; done`);
  const dir = await farm.render({ toys: 4, shards: 4, nextstat: fake.path, more: ["--slurm-throttle", "1"] });
  await farm.must(["submit", dir, "--finish"]);
  await until("shard 0 runs", async () => (await fake.pids(0)).length > 0);
  await farm.must(["cancel", dir]);
  await fake.mark("go");
  await untilIdle(farm);
  const states = arrayAt(await readJson(join(dir, "manifest.json")), "results").map((one) => at(one, "farm.state"));
  assert.deepEqual(states, ["cancelled", "cancelled", "cancelled", "cancelled"]);
  await farm.must(["retry", dir, "--finish"]);
  await untilIdle(farm);
  await assertMerged(dir, { toys: 4 });
});
