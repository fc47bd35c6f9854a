import assert from "node:assert/strict";
import { cutPlans } from "../../core/check_manifest.ts";
import { assertMerged } from "../clusters/slurm_farm.ts";
import { type SshFarm, sshFile } from "../clusters/ssh_hosts.ts";
import { runDir } from "../support/farm.ts";
import { readManifest, readRecord } from "../support/run_dir.ts";
import { assertCutOnce, assertMinutes, minutesArgs, waitingNextstat, wholeShards } from "../support/minutes.ts";

const test = sshFile();
const HOSTS = ["w1", "w2", "w3"];
/** Real fits take about 10 ms a toy of one of the machine's cores, which all hosts share. */
const WAITS = { ms_a_toy: 100, slow: { host: "w3", times: 3 } };

async function words({ hosts, folder, hostsFile }: SshFarm, minutes: number, toys: number): Promise<string[]> {
  const nextstat = await waitingNextstat(hosts.open, WAITS);
  return [
    ...["run", "--scheduler", "ssh", "--hosts-file", await hostsFile(...HOSTS), "--ssh-config", hosts.config],
    ...minutesArgs(folder, minutes, { toys, nextstat }),
  ];
}

test("on hosts of two speeds each shard takes the wanted time: the slow host's have a third of the toys", async (farm) => {
  const toys = 1400;
  await farm.must(await words(farm, 0.1, toys), 0, { most_s: 300 });
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
