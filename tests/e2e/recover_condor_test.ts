import assert from "node:assert/strict";
import { condorFile, condorRun, openFit, statusWords, untilIdle } from "../clusters/condor_farm.ts";
import { assertMerged } from "../clusters/slurm_farm.ts";
import { namesIn, runDir } from "../support/farm.ts";
import { until } from "../support/scratch.ts";
import { assertRecovered } from "../clusters/alike.ts";

const test = condorFile({ nodes: 2, slots: 2, hidden: true });

const REQUESTED =
  `memory=$(sed -n 's/^RequestMemory = //p' "$_CONDOR_JOB_AD") time=$(sed -n 's/^JobDurationLimit = //p;s/^AllowedJobDuration = //p' "$_CONDOR_JOB_AD")`;

test("run --recover ends whole in spite of too little memory, too little time, a node that fails every job and a queue of three jobs; the report tells all four", async (farm) => {
  await farm.pool.configure("head", "MAX_JOBS_PER_OWNER = 3");
  const fit = await openFit(
    farm,
    `[ "$(uname -n)" != e2 ] || { echo "no licence" >&2; exit 3; }
${REQUESTED}
[ "$shard" != 1 ] || [ "$memory" -gt 300 ] || { echo "memory allocation of 367001600 bytes failed" >&2; exit 101; }
[ "$shard" != 2 ] || [ "$time" -gt 15 ] || exec sleep 600
sleep 1`,
  );
  const limits = ["--condor-request-memory", "300MB", "--condor-max-run-time", "0:15"];
  const more = ["--mode", "transfer", "--recover", "3", ...limits];
  const request = { toys: 20, shards: 10, nextstat: fit.path, more };
  const { stderr } = await farm.must(condorRun(farm, request));
  const dir = runDir(farm.folder);
  assert.match(stderr, /htcondor takes no more jobs now/);
  await assertRecovered(farm, dir, [
    /out of memory: shards? \S+ rerun with --condor-request-memory 300MB → 450MB/,
    /time limit reached: shards? \S+ rerun with --condor-max-run-time 0:15 → 00:00:30/,
    /node e2 fails jobs: shards? [-0-9, ]+ rerun with --condor-requirements \(none\) → \(Machine != "e2"\)/,
    /submit limit reached \(.*Number of submitted jobs would exceed MAX_JOBS_PER_OWNER\): shards .* submitted in \d+ parts, as jobs ended/,
  ]);
});

test("submit --finish --recover: the finishing job reruns a shard with more memory, and merges", async (farm) => {
  const fit = await openFit(
    farm,
    `${REQUESTED}
[ "$shard" != 1 ] || [ "$memory" -gt 100 ] || { echo "memory allocation of 367001600 bytes failed" >&2; exit 101; }`,
  );
  const more = ["--mode", "transfer", "--condor-request-memory", "100MB"];
  const dir = await farm.render({ toys: 4, shards: 2, nextstat: fit.path, more });
  await farm.must(["submit", dir, "--finish", "--recover", "2"]);
  await until("the run is merged", async () => (await namesIn(dir)).includes("merged.out.json"), 90);
  await untilIdle(farm);
  await assertMerged(dir, { toys: 4 });
  const story = /recovered +out of memory: shard 1 rerun with --condor-request-memory 100MB → 150MB/;
  assert.match(await statusWords(farm, dir), story);
});
