import assert from "node:assert/strict";
import { join } from "node:path";
import { output } from "../clusters/as_user.ts";
import {
  assertMerged,
  retryToEnd,
  slurmFile,
  slurmRun,
  statusNow,
  statusWords,
  submissions,
  untilIdle,
} from "../clusters/slurm_farm.ts";
import { runDir } from "../support/farm.ts";
import { countDone } from "../support/run_dir.ts";
import { pause, until } from "../support/scratch.ts";

const test = slurmFile();

/** A slurmctld that is killed sooner has not saved that a job began, and drains the job's node when it is back. */
const SAVED_S = 6;

test("a slurmctld that hangs, then dies and comes back, is awaited: nothing fails, is lost or is resubmitted", async (farm) => {
  const fake = await farm.standIn(`[ "$shard" -lt 2 ] || until [ -e "$here/go" ]; do sleep 0.1; done`);
  const dir = runDir(farm.folder);
  const running = farm.start(slurmRun(farm, { toys: 12, shards: 6, nextstat: fake.path }));
  await until(
    "shards run",
    async () => (await fake.pids(5)).length + (await fake.pids(4)).length > 0 || await countDone(dir) === 2,
  );
  await pause(SAVED_S * 1000);
  await farm.cluster.daemon("stop", "slurmctld");
  const hung = await statusWords(farm, dir);
  await farm.cluster.daemon("cont", "slurmctld");
  assert.match(hung, /slurm did not answer: .*(timed out|no answer in time)/i);
  assert.match(hung, /2 done/);
  assert.match(hung, /unknown +its scheduler did not answer: shard/);
  assert.doesNotMatch(hung, /lost|failed/);
  await farm.cluster.daemon("kill", "slurmctld");
  assert.match(await statusWords(farm, dir), /slurm did not answer: .*Unable to contact slurm controller/);
  await fake.mark("go");
  await farm.cluster.daemon("start", "slurmctld");
  const { code, stderr } = await running.ended;
  assert.equal(code, 0, stderr);
  await assertMerged(dir, { toys: 12 });
  assert.equal((await submissions(dir)).length, 1);
  assert.equal((await fake.log()).filter((one) => one.what === "start").length, 6);
});

test("a slurmctld that hangs during a submission, then continues, has each job once", async (farm) => {
  const fake = await farm.standIn("");
  const dir = await farm.render({ toys: 8, shards: 4, nextstat: fake.path });
  await farm.cluster.daemon("stop", "slurmctld");
  const submitting = farm.start(["submit", dir]);
  await until("the token is on disk", async () => (await submissions(dir))[0]?.state === "intent");
  await pause(8000); // sbatch gives up after 5 s
  await farm.cluster.daemon("cont", "slurmctld");
  const { code, stdout, stderr } = await submitting.ended;
  assert.equal(code, 0, stderr);
  assert.match(stdout, /slurm job \d+: 4 shards/);
  await farm.must(["submit", dir]);
  await untilIdle(farm);
  assert.equal((await submissions(dir)).length, 1);
  await farm.must(["collect", dir]);
  await farm.must(["merge", dir]);
  await assertMerged(dir, { toys: 8 });
  assert.equal((await fake.log()).filter((one) => one.what === "start").length, 4);
});

test("a slurmctld that is dead during a submission gives exit 4, and the same command later submits once", async (farm) => {
  const fake = await farm.standIn("");
  const dir = await farm.render({ toys: 8, shards: 4, nextstat: fake.path });
  await farm.cluster.daemon("kill", "slurmctld");
  const { stderr } = await farm.must(["submit", dir], 4);
  assert.match(stderr, /Unable to contact slurm controller/);
  const preflight = await farm.must(["preflight", "--scheduler", "slurm"], 4);
  assert.match(preflight.stderr, /Cannot query slurm: .*Unable to contact slurm controller/);
  await farm.cluster.daemon("start", "slurmctld");
  await farm.must(["submit", dir, "--wait"]);
  await assertMerged(dir, { toys: 8 });
  assert.equal((await fake.log()).filter((one) => one.what === "start").length, 4);
});

test("jobs that slurmctld has forgotten in a crash are reported as lost; another user's job with the same id is left alone", async (farm) => {
  const state = join(farm.cluster.dir, "state/ctld");
  const fake = await farm.standIn("");
  const dir = await farm.render({ toys: 4, shards: 2, nextstat: fake.path, more: ["--slurm-sbatch=--begin=now+8"] });
  await pause(SAVED_S * 1000);
  await output(["cp", "-a", state, `${state}.before`], {});
  await farm.must(["submit", dir]);
  await farm.cluster.daemon("kill", "slurmctld");
  await output(["rm", "-r", state], {});
  await output(["mv", `${state}.before`, state], {});
  await farm.cluster.daemon("start", "slurmctld");
  const theirs = await farm.cluster.ask(
    "sbatch",
    "--parsable",
    "--begin=now+1hour",
    "--output=/dev/null",
    "--wrap=true",
  );
  assert.equal(theirs.trim(), (await submissions(dir))[0]?.job_id);
  assert.match(await statusNow(farm, dir), /lost +its job never started: .*its scheduler lost it: shards 0-1/);
  assert.match((await farm.must(["cancel", dir])).stdout, /no job of this run is running or queued/);
  await retryToEnd(farm, dir, 4);
  assert.equal((await farm.cluster.ask("squeue", "--me", "--noheader", "--format=%i")).trim(), theirs.trim());
  assert.equal((await fake.log()).filter((one) => one.what === "start").length, 2);
});
