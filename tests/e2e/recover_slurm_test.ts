import assert from "node:assert/strict";
import { assertMerged, slurmFile, slurmRun, statusWords, submissions, untilIdle } from "../clusters/slurm_farm.ts";
import { namesIn, runDir } from "../support/farm.ts";
import { until } from "../support/scratch.ts";

const test = slurmFile();

test("run --recover that is killed and repeated counts on: a shard that never has enough memory gets two more attempts, and is told", async (farm) => {
  const fake = await farm.standIn(`[ "$shard" != 1 ] || {
  [ "$SLURM_MEM_PER_NODE" = 100 ] || until [ -e "$here/go" ]; do sleep 0.1; done
  echo "memory allocation of 367001600 bytes failed" >&2; exit 101; }`);
  const more = ["--recover", "2", "--slurm-memory", "100M"];
  const request = slurmRun(farm, { toys: 4, shards: 2, nextstat: fake.path, more });
  const first = farm.start(request);
  const isRerun = async () => (await fake.log()).filter((one) => one.what === "start" && one.shard === 1).length === 2;
  await until("the first recovery runs", isRerun);
  first.kill("SIGKILL");
  await first.ended;
  await fake.mark("go");
  const { stderr } = await farm.must(request, 5);
  assert.match(stderr, /not rerun: shard 1: out of memory, and 2 further attempts did not help/);
  const dir = runDir(farm.folder);
  assert.deepEqual((await submissions(dir)).map(({ shards }) => shards), [[0, 1], [1], [1]]);
  assert.match(await statusWords(farm, dir), /shard 1 rerun with --slurm-memory 150M → 225M/);
  const { stdout } = await farm.must(["doctor", dir]);
  assert.match(stdout, /recovered +out of memory: shard 1 rerun with --slurm-memory 100M → 150M/);
});

test("submit --finish --recover: the finishing job reruns a shard with more memory, and a second one merges", async (farm) => {
  const fake = await farm.standIn(`[ "$shard" != 1 ] || [ "$SLURM_MEM_PER_NODE" -gt 100 ] || {
  echo "memory allocation of 367001600 bytes failed" >&2; exit 101; }`);
  const dir = await farm.render({ toys: 4, shards: 2, nextstat: fake.path, more: ["--slurm-memory", "100M"] });
  await farm.must(["submit", dir, "--finish", "--recover", "2"]);
  await until("the run is merged", async () => (await namesIn(dir)).includes("merged.out.json"), 90);
  await untilIdle(farm);
  await assertMerged(dir, { toys: 4 });
  assert.match(await statusWords(farm, dir), /recovered +out of memory: shard 1 rerun with --slurm-memory 100M → 150M/);
});

test("--recover without a process that follows the jobs is refused, with what to add", async (farm) => {
  const dir = await farm.render({ toys: 2, shards: 1 });
  const { stderr } = await farm.must(["submit", dir, "--recover", "2"], 2);
  assert.match(stderr, /Cannot use --recover 2 alone: no process would follow the jobs\n +Add --wait, or --finish/);
});
