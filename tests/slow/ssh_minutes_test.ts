// slow: each run waits for a few probes on hosts
import { assertMerged } from "../clusters/slurm_farm.ts";
import { type SshFarm, sshFile } from "../clusters/ssh_hosts.ts";
import { runDir } from "../support/farm.ts";
import { countDone, readManifest } from "../support/run_dir.ts";
import { until } from "../support/scratch.ts";
import { assertCutOnce, minutesArgs, waitingNextstat } from "../support/minutes.ts";

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

test("a driver that is killed between the probes and the cut, and after the cut, goes on by the same command", async (farm) => {
  const toys = 240;
  const args = await words(farm, 0.04, toys);
  const dir = runDir(farm.folder);
  for (
    const isReached of [
      async () => await countDone(dir).catch(() => 0) >= 1,
      async () => (await readManifest(dir)).farm.history.length > 0,
    ]
  ) {
    const driver = farm.start(args);
    await until("the moment", isReached);
    driver.kill("SIGKILL");
    await driver.ended;
  }
  await farm.must(args);
  await assertCutOnce(dir);
  await assertMerged(dir, { toys });
});
