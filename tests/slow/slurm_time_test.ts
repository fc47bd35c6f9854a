// slow: Slurm's shortest time limit is a minute
import assert from "node:assert/strict";
import { join } from "node:path";
import { retryToEnd, slurmFile, statusNow, submissions, untilIdle } from "../clusters/slurm_farm.ts";
import { readManifest } from "../support/run_dir.ts";

const test = slurmFile();

// Slurm counts --time in minutes, and ends a job up to half a minute after that.
test("shards that exceed --slurm-time are reported; split by retry --split, or given --more-time, they give the unsharded result", async (farm) => {
  // Shard 1 is too long as it was cut at first and in its first time limit; its halves, and a longer limit, are not.
  const fake = await farm.standIn(
    `[ "$shard" != 1 ] || [ $((SLURM_JOB_END_TIME - SLURM_JOB_START_TIME)) -gt 60 ] || exec sleep 600`,
  );
  const more = ["--slurm-time", "00:01:00"];
  const split = await farm.render({ toys: 10, shards: 2, nextstat: fake.path, more, id: "split" });
  const longer = await farm.render({ toys: 8, shards: 2, nextstat: fake.path, more, id: "longer" });
  for (const dir of [split, longer]) await farm.must(["submit", dir]);
  await untilIdle(farm, 150);
  for (const dir of [split, longer]) {
    assert.match(
      await statusNow(farm, dir),
      /timed_out +it reached the job's time limit \(--slurm-time\): shard 1 on n[12]/,
    );
  }
  await retryToEnd(farm, split, 10, ["--split"]);
  const { plans } = await readManifest(split);
  assert.deepEqual(plans.map((plan) => [plan.toy_start, plan.n_toys]), [[0, 5], [5, 5], [5, 3], [8, 2]]);
  await retryToEnd(farm, longer, 8, ["--more-time"]);
  assert((await submissions(longer)).at(-1)?.command.includes("--time=00:02:00"));
  assert.match(await Deno.readTextFile(join(longer, "slurm_array_job.sh")), /^#SBATCH --time=00:02:00$/m);
});
