// slow: each run waits for a few probes on hosts
import { assertMerged } from "../clusters/slurm_farm.ts";
import { sshFile } from "../clusters/ssh_hosts.ts";
import { sshMinutes } from "../clusters/minutes.ts";
import { runDir } from "../support/farm.ts";
import { countDone, readManifest } from "../support/run_dir.ts";
import { until } from "../support/scratch.ts";
import { assertCutOnce } from "../support/minutes.ts";

const test = sshFile();
test("a driver that is killed between the probes and the cut, and after the cut, goes on by the same command", async (farm) => {
  const toys = 240;
  const args = await sshMinutes(farm, 0.04, toys);
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
