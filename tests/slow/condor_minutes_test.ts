// slow: on this machine the same is tested before a push
import assert from "node:assert/strict";
import { join } from "node:path";
import { condorFile } from "../clusters/condor_farm.ts";
import { assertMerged, submissions } from "../clusters/slurm_farm.ts";
import { runDir } from "../support/farm.ts";
import { assertCutOnce, assertMinutes, minutesArgs, waitingNextstat, wholeShards } from "../support/minutes.ts";

const test = condorFile({ nodes: 2, slots: 2, hidden: true });

test("jobs on nodes without the run directory take the wanted time, cut by the times of eight probes", async (farm) => {
  const toys = 600;
  const { folder, pool } = farm;
  const nextstat = await waitingNextstat(folder, { ms_a_toy: 100 }, join(pool.open, "nextstat"));
  const options = { toys, nextstat, more: ["--mode", "transfer"] };
  await farm.must(["run", "--scheduler", "htcondor", ...minutesArgs(folder, 0.1, options)], 0, { most_s: 300 });
  const dir = runDir(folder);
  assert.equal(await assertCutOnce(dir), 8);
  assert.equal((await submissions(dir)).length, 2);
  assertMinutes((await wholeShards(dir)).map((one) => ({ ...one, host: "any" })));
  await assertMerged(dir, { toys });
});
