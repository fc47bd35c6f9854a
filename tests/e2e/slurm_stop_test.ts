import assert from "node:assert/strict";
import {
  jobIds,
  retryToEnd,
  slurmFile,
  slurmRun,
  statusNow,
  statusWords,
  untilIdle,
  untilSaid,
} from "../clusters/slurm_farm.ts";
import { countDone } from "../support/run_dir.ts";
import { until } from "../support/scratch.ts";

const test = slurmFile();

async function onlyJob(dir: string): Promise<string> {
  const [id] = await jobIds(dir);
  assert(id, "a job is submitted");
  return id;
}

test("a task cancelled while it runs, one cancelled while it waits and a held one are each reported; retry runs all three", async (farm) => {
  const fake = await farm.standIn(`[ "$shard" != 0 ] || until [ -e "$here/go" ]; do sleep 0.1; done`);
  const dir = await farm.render({ toys: 12, shards: 6, nextstat: fake.path, more: ["--slurm-throttle", "1"] });
  await farm.must(["submit", dir]);
  const id = await onlyJob(dir);
  await until("shard 0 runs", async () => (await fake.pids(0)).length > 0);
  await untilSaid(farm, dir, /queued +--slurm-throttle limits how many jobs of its array run at a time: shards 1-5/);
  await farm.cluster.ask("scancel", `${id}_5`);
  await farm.cluster.ask("scontrol", "hold", `${id}_4`);
  await farm.cluster.ask("scancel", `${id}_0`);
  await until("the others are done", async () => await countDone(dir) === 3);
  assert.match(await statusWords(farm, dir), /running +waiting for files: shard 5/);
  const words = await statusNow(farm, dir);
  assert.match(words, /cancelled +cancelled with scancel, or by the site: shard 0 on n[12]/);
  assert.match(words, /held +held by you.*scontrol release lets it start: shard 4/);
  assert.match(
    words,
    /lost +its job never started: it was cancelled while queued, or its scheduler lost it: shard 5/,
  );
  await fake.mark("go");
  await retryToEnd(farm, dir, 12);
  assert.deepEqual((await fake.log()).filter((one) => one.shard === 4).map((one) => one.what), ["start", "end"]);
});

test("a waiting job is explained: a closed partition, drained nodes, a licence, a dependency that can never be met", async (farm) => {
  const { ask, asRoot } = farm.cluster;
  const fake = await farm.standIn(`until [ -e "$here/go" ]; do sleep 0.1; done`);
  const more = ["--slurm-sbatch=--licenses=fit:1"];
  const dir = await farm.render({ toys: 4, shards: 2, nextstat: fake.path, more });
  try {
    await asRoot("scontrol", "update", "partitionname=main", "state=down");
    await farm.must(["submit", dir]);
    await untilSaid(farm, dir, /queued +its partition is closed.*: shards 0-1/);
    for (const node of ["n1", "n2"]) {
      await asRoot("scontrol", "update", `nodename=${node}`, "state=drain", "reason=disk");
    }
    await asRoot("scontrol", "update", "partitionname=main", "state=up");
    await untilSaid(farm, dir, /queued +the nodes that it needs are down, drained or reserved.*: shards 0-1/);
  } finally {
    await asRoot("scontrol", "update", "partitionname=main", "state=up");
    for (const node of ["n1", "n2"]) await asRoot("scontrol", "update", `nodename=${node}`, "state=resume");
  }
  await untilSaid(farm, dir, /queued +it waits for a licence: shard 1/);
  const failed = (await ask("sbatch", "--parsable", "--output=/dev/null", "--wrap=exit 1")).trim();
  await until(
    "a job has failed",
    async () => (await ask("squeue", "-hj", failed, "-tall", "-o%T")).trim() === "FAILED",
  );
  await ask("scontrol", "update", `jobid=${await onlyJob(dir)}_1`, `dependency=afterok:${failed}`);
  await untilSaid(farm, dir, /held +it waits for a job that failed, so it will never start: shard 1/);
  await fake.mark("go");
  await until("shard 0 is done", async () => await countDone(dir) === 1);
  await retryToEnd(farm, dir, 4);
});

test("Slurm's refusal of an unknown licence is reported in its words, and nothing is queued", async (farm) => {
  const dir = await farm.render({ toys: 2, shards: 1, more: ["--slurm-sbatch=--licenses=matlab"] });
  const { stderr } = await farm.must(["submit", dir], 4);
  assert.match(stderr, /slurm refused the jobs: .*Invalid license/i);
  assert.equal(await farm.cluster.ask("squeue", "--me", "--noheader"), "");
  const words = await statusNow(farm, dir);
  assert.match(words, /^r \(slurm\): 1 not submitted of 1 shards\n/);
  assert.match(words, /the last submission was refused: .*Invalid license/i);
  const other = await farm.must(slurmRun(farm, { toys: 2, shards: 1 }), 2);
  assert.match(other.stderr, /it has --slurm-sbatch --licenses=matlab, you gave none/);
});

test("a killed fit and a killed wrapper are reported as such, and retry reruns both shards", async (farm) => {
  const fake = await farm.standIn(`[ -e "$here/mended" ] || case $shard in
0) kill -9 $$ ;;
1) kill -9 $PPID; exit 1 ;;
esac`);
  const dir = await farm.render({ toys: 8, shards: 4, nextstat: fake.path });
  await farm.must(["submit", dir]);
  await untilIdle(farm);
  const words = await statusNow(farm, dir);
  assert.match(words, /2 failed.* of 4 shards/);
  assert.match(words, /failed +nextstat was killed \(SIGKILL\).*: shard 0 on n/);
  assert.match(words, /failed +killed \(SIGKILL\): by hand, or because it used too much memory.*: shard 1 on n/);
  assert.match((await farm.must(["logs", dir, "0"])).stdout, /nextstat was killed \(SIGKILL\)$/m);
  await fake.mark("mended");
  await retryToEnd(farm, dir, 8);
});

test("a job that takes more memory than it requested is reported as such, and retry --more-memory runs it", async (farm) => {
  // 300 MB for 8 s: the cluster polls memory every 3 s.
  const fake = await farm.standIn(
    `[ "$shard" != 1 ] || { head -c 300000000 /dev/zero; sleep 8; } | tail -n 1 >/dev/null`,
  );
  const more = ["--slurm-memory", "250M"];
  const dir = await farm.render({ toys: 6, shards: 3, nextstat: fake.path, more });
  await farm.must(["submit", dir]);
  await untilIdle(farm);
  assert.match(
    await statusNow(farm, dir),
    /out_of_memory +it used more memory than the job requested \(--slurm-memory\): shard 1 on n/,
  );
  await retryToEnd(farm, dir, 6, ["--more-memory"]);
});

test("jobs preempted by others of a higher priority are reported as such, and retry runs them", async (farm) => {
  const fake = await farm.standIn(`until [ -e "$here/go" ]; do sleep 0.1; done`);
  const dir = await farm.render({ toys: 8, shards: 4, nextstat: fake.path });
  await farm.must(["submit", dir]);
  await until("all run", async () => (await fake.log()).length === 4);
  const urgent = ["--partition=urgent", "--ntasks=1", "--cpus-per-task=2", "--output=/dev/null", "--wrap=sleep 3"];
  await farm.cluster.ask("sbatch", ...urgent);
  await untilSaid(farm, dir, /preempted +preempted by a job of higher priority: shards \d-\d on n[12]/);
  await fake.mark("go");
  await untilIdle(farm);
  await retryToEnd(farm, dir, 8);
});
