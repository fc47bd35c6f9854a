// slow: HTCondor waits for a lost node until its lease has ended
import assert from "node:assert/strict";
import { condorFile, openFit, statusWords } from "../clusters/condor_farm.ts";
import { assertMerged } from "../clusters/slurm_farm.ts";
import { readRecord } from "../support/run_dir.ts";
import { until } from "../support/scratch.ts";

const test = condorFile({ nodes: 2, slots: 2 });

for (const mode of ["shared", "transfer"]) {
  test(`a node that dies with its jobs (--mode ${mode}): status reports that HTCondor waits for it, then they run elsewhere, each toy once`, async (farm) => {
    const fit = await openFit(farm, `until [ -e "$here/go" ]; do sleep 0.1; done`);
    const dir = await farm.render({ toys: 8, shards: 4, nextstat: fit.path, more: ["--mode", mode] });
    await farm.must(["submit", dir]);
    await until("all fits run", async () => (await fit.log()).length === 4);
    await farm.pool.daemon("kill", "node-e2");
    const waits = /running +HTCondor lost contact with its machine and waits for it: .*: shards? [-0-9, ]+ on e2$/m;
    await until("status tells of the lost node", async () => waits.test(await statusWords(farm, dir)));
    await fit.mark("go");
    await until("the others run elsewhere", async () => (await statusWords(farm, dir)).includes("4 done"), 150);
    await farm.must(["submit", dir, "--wait"]);
    await assertMerged(dir, { toys: 8 });
    for (const shard of [0, 1, 2, 3]) assert.equal((await readRecord(dir, shard)).host, "e1");
    await farm.pool.daemon("start", "startd-e2");
  });
}

test("SIGKILL of a startd: its jobs end or start anew, and each toy is merged once", async (farm) => {
  const fit = await openFit(farm, `until [ -e "$here/go" ]; do sleep 0.1; done`);
  const dir = await farm.render({ toys: 8, shards: 4, nextstat: fit.path, more: ["--mode", "transfer"] });
  await farm.must(["submit", dir]);
  await until("all fits run", async () => (await fit.log()).length === 4);
  await farm.pool.daemon("kill", "startd-e2");
  await farm.pool.daemon("start", "startd-e2");
  await fit.mark("go");
  await farm.must(["submit", dir, "--wait"]);
  await assertMerged(dir, { toys: 8 });
});
