import assert from "node:assert/strict";
import { livePlans } from "../../core/check_manifest.ts";
import { assertMerged, slurmFile, submissions } from "../clusters/slurm_farm.ts";
import { runDir } from "../support/farm.ts";
import { readManifest } from "../support/run_dir.ts";
import { assertCutOnce, assertMinutes, wholeShards } from "../support/minutes.ts";
import { slurmMinutes } from "../clusters/minutes.ts";

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
