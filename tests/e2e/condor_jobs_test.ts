import assert from "node:assert/strict";
import { mkdir, readFile, rename } from "node:fs/promises";
import { join } from "node:path";
import {
  type CondorFarm,
  condorFile,
  lastCluster,
  type OpenFit,
  openFit,
  statusWords,
  untilIdle,
} from "../clusters/condor_farm.ts";
import { assertMerged } from "../clusters/slurm_farm.ts";
import { someOf } from "../support/amount.ts";
import { namesIn } from "../support/farm.ts";
import { followAdvice } from "../support/follow_advice.ts";
import { countDone, readManifest } from "../support/run_dir.ts";
import { killQuietly, until } from "../support/scratch.ts";

const test = condorFile({ slots: 3 });

/** Renders and submits a run whose fits wait for the mark "go", and waits until three of them are at work. */
async function begin(farm: CondorFarm, shards: number, more: string[] = []) {
  const fit = await openFit(farm, `until [ -e "$here/go" ]; do sleep 0.1; done`);
  const dir = await farm.render({ toys: 2 * shards, shards, nextstat: fit.path, more });
  await farm.must(["submit", dir]);
  await until("three fits run", async () => (await fit.log()).length >= 3);
  return { fit, dir };
}

/** `retry`, as doctor prints it unless there is `more` to say, runs what is missing, and the merge has each toy once. */
async function retryMerges(farm: CondorFarm, dir: string, toys: number, fit?: OpenFit, more: string[] = []) {
  await fit?.mark("go");
  if (more.length > 0) await farm.must(["retry", dir, ...more, "--wait"]);
  else assert.deepEqual(await followAdvice(farm.must, dir), ["retry --wait"]);
  await assertMerged(dir, { toys });
}

const pidOf = async (fit: OpenFit, shard: number) =>
  (await fit.log()).find((line) => line.shard === `${shard}`)?.pid ?? assert.fail(`no fit of shard ${shard}`);

const parentOf = async (pid: number) =>
  Number(/\) \S (\d+)/.exec(await readFile(`/proc/${pid}/stat`, "utf8"))?.[1] ?? assert.fail(`no parent of ${pid}`));

test("condor_rm of a running and of an idle job: both are reported as cancelled, and retry runs them", async (farm) => {
  const { fit, dir } = await begin(farm, 5);
  const cluster = await lastCluster(dir);
  await farm.pool.ask("condor_rm", `${cluster}.0`, `${cluster}.4`);
  await until("they are told", async () => (await statusWords(farm, dir)).includes("2 cancelled"));
  assert.match(await statusWords(farm, dir), /cancelled +removed with condor_rm: shards 0, 4/);
  await fit.mark("go");
  await untilIdle(farm);
  await retryMerges(farm, dir, 10);
});

for (const wrapper of someOf("wrappers that are killed on HTCondor", ["binary", "sh"], 2)) {
  test(`SIGKILL of a fit and of a wrapper (${wrapper}) are distinguished, and retry runs both shards`, async (farm) => {
    const { fit, dir } = await begin(farm, 3, ["--wrapper", wrapper]);
    killQuietly(await pidOf(fit, 0));
    killQuietly(await parentOf(await pidOf(fit, 1)));
    await fit.mark("go");
    await untilIdle(farm);
    const words = await statusWords(farm, dir);
    assert.match(words, /1 done, 2 failed of 3 shards|2 failed, 1 done of 3 shards/);
    assert.match(words, /failed +nextstat was killed \(SIGKILL\).*: shard 0 on e1$/m);
    assert.match(words, /failed +the job was killed by signal 9: shard 1 on e1$/m);
    await retryMerges(farm, dir, 6);
  });
}

test("condor_hold is shown with its reason; a released job continues, and retry replaces the other", async (farm) => {
  const { fit, dir } = await begin(farm, 3);
  const cluster = await lastCluster(dir);
  await farm.pool.ask("condor_hold", "-reason", "let me look at it", `${cluster}.0`, `${cluster}.1`);
  await until("they are held", async () => (await statusWords(farm, dir)).includes("2 held"));
  const held = /held +held by hand \(condor_hold\); condor_release resumes it: let me look at it .*: shards 0-1/;
  assert.match(await statusWords(farm, dir), held);
  await farm.pool.ask("condor_release", `${cluster}.0`);
  await fit.mark("go");
  await until("the released job is done", async () => (await countDone(dir)) === 2);
  await retryMerges(farm, dir, 6);
});

test("a job over its memory that the site holds is reported as such, and retry --more-memory requests more", async (farm) => {
  const rule = "JobStatus == 2 && MemoryUsage > RequestMemory";
  await farm.pool.configure("head", `SYSTEM_PERIODIC_HOLD = ${rule}`, "SYSTEM_PERIODIC_HOLD_SUBCODE = 102", REASON);
  const hog = `[ "$shard" != 0 ] || { x=$(head -c 90000000 /dev/zero | tr '\\0' x); sleep 12; }`;
  const fit = await openFit(farm, hog);
  const more = ["--condor-request-memory", "60MB"];
  const dir = await farm.render({ toys: 4, shards: 2, nextstat: fit.path, more });
  await farm.must(["submit", dir, "--wait"], 5);
  const words = /used more memory than requested \(--condor-request-memory\): .*shard 0/;
  assert.match(await statusWords(farm, dir), words);
  await retryMerges(farm, dir, 4, undefined, ["--more-memory", "300MB"]);
  assert.equal((await readManifest(dir)).farm.options["condor-request-memory"], "300MB");
  const requested = await farm.pool.ask("condor_history", await lastCluster(dir), "-af", "RequestMemory");
  assert.equal(requested.trim(), "300");
});
const REASON = `SYSTEM_PERIODIC_HOLD_REASON = "Memory usage exceeds what was requested"`;

test("a job that waits for a machine that does not exist is explained, and retry with other requirements runs it", async (farm) => {
  const dir = await farm.render({ toys: 4, shards: 2, more: ["--condor-requirements", `(Machine == "e7")`] });
  await farm.must(["submit", dir]);
  const seen = async () => /queued +no matching machine is free \(.*: shards 0-1/.test(await statusWords(farm, dir));
  await until("status tells why they wait", seen);
  await retryMerges(farm, dir, 4, undefined, ["--condor-requirements", `(Machine == "e1")`]);
});

test("files that appear late are awaited, nothing is submitted twice, and they count when they arrive", async (farm) => {
  const { fit, dir } = await begin(farm, 3);
  await fit.mark("go");
  await untilIdle(farm);
  const aside = join(farm.folder, "late");
  await mkdir(aside);
  const late = (await namesIn(dir)).filter((name) => name.startsWith("shard_1."));
  for (const name of late) await rename(join(dir, name), join(aside, name));
  assert.match(await statusWords(farm, dir), /1 running, 2 done|2 done, 1 running/);
  assert.match(await statusWords(farm, dir), /running +waiting for files: shard 1/);
  const { stdout } = await farm.must(["submit", dir]);
  assert.match(stdout, /Nothing to submit: .*1 shard.*, 2 done/);
  assert.match(
    await statusWords(farm, dir, ["--file-grace-s", "0"]),
    /lost +its job disappeared without a record: shard 1/,
  );
  const waiting = farm.start(["finish", dir]);
  await until("finish waits", async () => (await namesIn(dir)).every((name) => name !== "merge_status.json"));
  for (const name of late) await rename(join(aside, name), join(dir, name));
  assert.equal((await waiting.ended).code, 0);
  await assertMerged(dir, { toys: 6 });
});
