import assert from "node:assert/strict";
import { chmod, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import {
  assertMerged,
  type SlurmFarm,
  slurmFile,
  slurmRun,
  spec2m,
  submissions,
  untilIdle,
  wholeRun,
} from "../clusters/slurm_farm.ts";
import { amountOf } from "../support/amount.ts";
import { nextstat, requestArgs, runDir } from "../support/farm.ts";
import { countDone, readAttempts, readRecord } from "../support/run_dir.ts";
import { until } from "../support/scratch.ts";
import { at } from "../support/toys.ts";
import { assertTest, TEST_WORDS, writeWorkspace } from "../support/workspace.ts";

const test = slurmFile();

test("many shards give the unsharded result, each record has its node's name, and the makespan is right", async (farm) => {
  const shards = amountOf("shards on Slurm", { quick: 12, usual: 12, all: 40 });
  const toys = amountOf("toys on Slurm", { quick: 60, usual: 60, all: 1000 });
  const dir = await farm.render({ toys, shards, nextstat: await stampingFit(farm) });
  await farm.must(["submit", dir, "--wait"], 0, { most_s: 300 });
  assert.equal(await countDone(dir), shards);
  await assertMerged(dir, { toys });
  const records = await Promise.all(Array.from({ length: shards }, (_, shard) => readRecord(dir, shard)));
  assert.deepEqual([...new Set(records.map((record) => record.host))].sort(), ["n1", "n2"]);
  const [submission] = await submissions(dir);
  assert.deepEqual(
    records.map(({ scheduler, job_id, task_id }) => `${scheduler} ${job_id}_${task_id}`),
    records.map(({ shard_index }) => `slurm ${submission?.job_id}_${shard_index}`),
  );

  const makespan = Number(at(JSON.parse((await farm.must(["merge", dir, "--json"])).stdout), "times.makespan_s"));
  const stamps = (await readFile(join(farm.folder, "stamps"), "utf8")).trim().split("\n").map(Number);
  assert.equal(stamps.length, 2 * shards);
  const own = Math.max(...stamps) - Math.min(...stamps);
  assert(makespan > own - 0.01, `makespan ${makespan} s, by the fits' own stamps, which lie in it, ${own} s`);
  const slurms = await slurmSpan(farm);
  assert(makespan <= slurms + 2, `makespan ${makespan} s, by Slurm's stamps, which enclose it, ${slurms} s`);
});

/** A nextstat that writes down when each fit begins and ends, with nothing else in between. */
async function stampingFit({ folder }: SlurmFarm): Promise<string> {
  const path = join(folder, "stamping-fit");
  const stamp = `date +%s.%N >>'${folder}/stamps'`;
  const script = `#!/bin/sh\n[ "$1" != --version ] || exec '${nextstat()}' "$@"\n`;
  await writeFile(path, `${script}${stamp}\n'${nextstat()}' "$@"\ncode=$?\n${stamp}\nexit $code\n`);
  await chmod(path, 0o755);
  return path;
}

/** From the first StartTime to the last EndTime that Slurm has of its array tasks. */
async function slurmSpan({ cluster }: SlurmFarm): Promise<number> {
  const text = await cluster.ask("scontrol", "--oneliner", "show", "job");
  const tasks = text.split("\n").filter((line) => line.includes("ArrayTaskId="));
  const times = (name: string) =>
    tasks.map((line) => Date.parse(new RegExp(` ${name}=(\\S+)`).exec(line)?.[1] ?? "") / 1000);
  return Math.max(...times("EndTime")) - Math.min(...times("StartTime"));
}

test("the 2M-event spec, a toy in each shard, gives the unsharded result", async (farm) => {
  const toys = amountOf("toys of 2M events on Slurm", { quick: 1, usual: 1, all: 4 });
  const running = farm.must(slurmRun(farm, { toys, shards: toys, config: spec2m() }), 0, { most_s: 300 });
  await Promise.all([running, wholeRun({ toys, config: spec2m() })]);
  await assertMerged(runDir(farm.folder), { toys, config: spec2m() });
});

test("preflight prints the version, the limits and the partitions, and suggests how many shards to begin with", async (farm) => {
  const { stdout } = await farm.must(["preflight", "--scheduler", "slurm"]);
  assert.equal(
    stdout.replace(/\d+\.\d+\.\d+/, "VERSION"),
    `slurm VERSION
  largest array          1001
  jobs of one user       no limit
  accounting             off (not needed)
  main                   up, 2 nodes, 4 CPUs, 4000 MB a node
  urgent                 up, 2 nodes, 4 CPUs, 4000 MB a node
  to begin with          --shards 12 (3 for each of 4 CPUs)
`,
  );
  const document = JSON.parse((await farm.must(["preflight", "--scheduler", "slurm", "--json"])).stdout);
  assert.deepEqual(Object.keys(document), ["scheduler", "limits", "suggestion", "profile"]);
  assert.deepEqual(document.suggestion, {
    shards: 12,
    shards_per_job: 1,
    throttle: null,
    why: "3 for each of 4 CPUs",
  });
});

test("collect of a run that was never submitted gives exit 5, and submit after an sbatch by hand fits nothing twice", async (farm) => {
  const fake = await farm.standIn("");
  const dir = await farm.render({ toys: 12, shards: 4, nextstat: fake.path });
  await farm.must(["collect", dir], 5);
  await farm.cluster.ask("sbatch", join(dir, "slurm_array_job.sh"));
  await untilIdle(farm);
  assert.match((await farm.must(["submit", dir])).stdout, /Nothing to submit: all 4 shards are done/);
  assert.equal((await fake.log()).filter((line) => line.what === "start").length, 4);
});

test("a run that is killed in the middle and started again continues and fits no shard twice", async (farm) => {
  const fake = await farm.standIn(`[ "$shard" -lt 3 ] || until [ -e "$here/go" ]; do sleep 0.2; done`);
  const dir = runDir(farm.folder);
  const words = slurmRun(farm, { toys: 64, shards: 8, nextstat: fake.path });
  const first = farm.start(words);
  await until("three shards are done", async () => await countDone(dir) === 3);
  first.kill("SIGKILL");
  assert.equal((await first.ended).signal, "SIGKILL");
  const again = farm.start(words);
  await fake.mark("go");
  const ran = await again.ended;
  assert.equal(ran.code, 0, ran.stderr);
  assert.equal((await submissions(dir)).length, 1);
  assert.deepEqual((await fake.log()).map((line) => line.what).sort(), [
    ...Array(8).fill("end"),
    ...Array(8).fill("start"),
  ]);
  await assertMerged(dir, { toys: 64 });
  assert.match((await farm.must(words)).stdout, /merged\.out\.json/);
  assert.equal((await submissions(dir)).length, 1);
});

test("a failing fit is reported with its shard and its message, run exits with 5 and names retry, which finishes it", async (farm) => {
  const fake = await farm.standIn(
    `[ "$shard" != 1 ] || [ -e "$here/mended" ] || { echo "no such library" >&2; exit 3; }`,
  );
  const dir = runDir(farm.folder);
  const { stderr } = await farm.must(slurmRun(farm, { toys: 24, shards: 4, nextstat: fake.path }), 5);
  assert.match(stderr, /shard 1: failed: exit 3: no such library/);
  assert.match(stderr, /nsfarm-deno retry/);
  await fake.mark("mended");
  await farm.must(["retry", dir, "--wait"]);
  await assertMerged(dir, { toys: 24 });
  assert.deepEqual((await submissions(dir)).map((one) => one.shards), [[0, 1, 2, 3], [1]]);
  assert.deepEqual((await readAttempts(dir)).map((one) => one.shard_index), [1]);
});

test("a hypothesis test on Slurm gives what one nextstat run of all toys prints", async (farm) => {
  const config = await writeWorkspace(farm.folder);
  await farm.must(slurmRun(farm, { toys: 60, shards: 6, config, more: TEST_WORDS }));
  await assertTest(farm.folder, runDir(farm.folder), config);
});

test("doctor gives the flags that would have fitted a whole run, and a run with them ends as well", async (farm) => {
  const args = (id: string, ...more: string[]) => [
    ...["run", "--scheduler", "slurm", ...requestArgs(farm.folder, { toys: 20, shards: 20, id, more })],
  ];
  await farm.must(args("a", "--slurm-time", "10:00:00"));
  const { next_run } = JSON.parse((await farm.must(["doctor", runDir(farm.folder, "a"), "--json"])).stdout);
  const flags = Object.fromEntries(next_run.map(({ flag, value }: Record<string, string>) => [flag, value]));
  assert.match(flags["--slurm-time"], /^00:0\d:00$/);
  assert.match(flags["--slurm-memory"], /^\d+M$/);
  await farm.must(args("b", "--slurm-time", flags["--slurm-time"], "--slurm-memory", flags["--slurm-memory"]));
  await assertMerged(runDir(farm.folder, "b"), { toys: 20 });
});
