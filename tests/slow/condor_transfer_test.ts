// slow: of jobs that see the run directory the same is tested before a push
import assert from "node:assert/strict";
import { condorFile, openFit, statusWords } from "../clusters/condor_farm.ts";
import { assertMerged } from "../clusters/slurm_farm.ts";
import { failedAttempts } from "../support/run_dir.ts";

const test = condorFile({ nodes: 2, slots: 2, hidden: true });
const TRANSFER = ["--mode", "transfer"];

test("SIGKILL of a wrapper on its node is reported, and retry runs its shard", async (farm) => {
  const fit = await openFit(farm, `[ "$shard" != 1 ] || [ -e "$here/go" ] || kill -9 $PPID`);
  const dir = await farm.render({ toys: 6, shards: 3, nextstat: fit.path, more: TRANSFER });
  await farm.must(["submit", dir, "--wait"], 5);
  assert.match(await statusWords(farm, dir), /failed +the job was killed by signal 9: shard 1 on e[12]$/m);
  await fit.mark("go");
  await farm.must(["retry", dir, "--wait"]);
  await assertMerged(dir, { toys: 6 });
});

test("a nextstat that fails on one node only is reported with its message and its node; retry finishes the run", async (farm) => {
  const fit = await openFit(
    farm,
    `[ "$(uname -n)" = e1 ] || [ -e "$here/mended" ] || { echo "no licence" >&2; exit 3; }`,
  );
  const dir = await farm.render({ toys: 16, shards: 8, nextstat: fit.path, more: TRANSFER });
  await farm.must(["submit", dir, "--wait"], 5);
  const words = await statusWords(farm, dir);
  assert.match(words, /failed +exit 3: no licence: shards? [-0-9, ]+ on e2$/m);
  const failed = await failedAttempts(dir);
  assert(failed.length > 0 && failed.every((one) => one.endsWith(".1 exit")), failed.join());
  await fit.mark("mended");
  await farm.must(["retry", dir, "--wait"]);
  await assertMerged(dir, { toys: 16 });
});
