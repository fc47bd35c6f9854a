// slow: on this machine the same is tested before a push
import assert from "node:assert/strict";
import { cutPlans } from "../../core/check_manifest.ts";
import { assertMerged } from "../clusters/slurm_farm.ts";
import { sshFile } from "../clusters/ssh_hosts.ts";
import { MINUTES_HOSTS as HOSTS, sshMinutes } from "../clusters/minutes.ts";
import { runDir } from "../support/farm.ts";
import { readManifest, readRecord } from "../support/run_dir.ts";
import { assertCutOnce, assertMinutes, wholeShards } from "../support/minutes.ts";

const test = sshFile();
test("on hosts of two speeds each shard takes the wanted time: the slow host's have a third of the toys", async (farm) => {
  const toys = 1400;
  await farm.must(await sshMinutes(farm, 0.1, toys), 0, { most_s: 300 });
  const dir = runDir(farm.folder);
  const probes = cutPlans(await readManifest(dir)).filter(({ farm }) => farm?.probe);
  for (const { shard_index, farm: { sized_for } = {} } of probes) {
    assert.equal((await readRecord(dir, shard_index)).host, sized_for, "each host runs its own probes");
  }
  assert.deepEqual([...new Set(probes.map(({ farm }) => farm?.sized_for))], HOSTS);
  await assertCutOnce(dir);
  const whole = await wholeShards(dir);
  assertMinutes(whole);
  const of = (host: string) => whole.filter((one) => one.host === host);
  assert(HOSTS.every((host) => of(host).length >= 2), JSON.stringify(whole));
  const ratio = (of("w1")[0]?.n_toys ?? NaN) / (of("w3")[0]?.n_toys ?? NaN);
  assert(ratio > 2.4 && ratio < 3.6, `${ratio}`);
  await assertMerged(dir, { toys });
});
