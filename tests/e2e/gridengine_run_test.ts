import assert from "node:assert/strict";
import { chmod, stat } from "node:fs/promises";
import { join } from "node:path";
import { alikeTests } from "../clusters/alike.ts";
import { asUser, giveAway } from "../clusters/as_user.ts";
import { sharedTests } from "../clusters/cluster.ts";
import { bringUpGridEngine, type GridEngine } from "../clusters/gridengine_cluster.ts";
import { assertMerged, submissions } from "../clusters/slurm_farm.ts";
import { amountOf } from "../support/amount.ts";
import { binary, namesIn, type Ran, readText, requestArgs, runDir, start } from "../support/farm.ts";
import { countDone, readRecord } from "../support/run_dir.ts";
import { inFolder, until } from "../support/scratch.ts";
import { standIn } from "../support/stand_in.ts";

const declare = sharedTests(() => bringUpGridEngine());

/** Runs a command as the ordinary user where the machine's own Node, if it has one, is no program any more. */
function withoutRuntimes(...command: string[]): string[] {
  const hide =
    'for f in /usr/bin/node /usr/bin/nodejs; do [ ! -e "$f" ] || mount --bind /dev/null "$f"; done; exec "$@"';
  return ["unshare", "--mount", "--propagation", "private", "sh", "-c", hide, "hide", ...asUser("env", ...command)];
}

interface Farm {
  folder: string;
  cluster: GridEngine;
  must(args: string[], code?: number): Promise<Ran>;
}

function test(name: string, work: (farm: Farm) => Promise<void>): void {
  declare(name, (cluster) =>
    inFolder(async (folder) => {
      await giveAway(folder);
      const must = async (args: string[], code = 0) => {
        const [program = "", ...words] = withoutRuntimes(binary(), ...args);
        const ran = await start(folder, words, { program, env: cluster.env }).ended;
        assert.equal(ran.code, code, `${args.join(" ")}\n${ran.stdout}${ran.stderr}`);
        return ran;
      };
      await work({ folder, cluster, must });
      await until("the queue is empty", async () => (await cluster.ask("qstat")) === "");
    }, "nsfarm gridengine "));
}

alikeTests(
  { scheduler: "gridengine", of: "Grid Engine", wrappers: ["binary", "sh"] },
  (name, work) =>
    test(name, ({ folder, cluster: { ask, env }, must }) => {
      const fit = async (behaviour: string) => {
        const fake = await standIn(folder, behaviour);
        await chmod(join(folder, "fits.log"), 0o666);
        return fake;
      };
      const untilIdle = () => until("the queue is empty", async () => (await ask("qstat")) === "");
      return work({ folder, ask, env, must, fit, untilIdle });
    }),
);

test("The submit machine of these tests can run neither Deno nor Node, and the plugin belongs to root", async ({ cluster, folder }) => {
  for (const name of ["deno", "node", "nodejs"]) {
    const [program = "", ...words] = withoutRuntimes(name, "--version");
    const { code } = await start(folder, words, { program, env: cluster.env }).ended;
    assert.ok(code === 126 || code === 127, `${name}: exit ${code}`);
  }
  assert.equal((await stat(join(binary(), "..", "schedulers", "gridengine.ts"))).uid, 0);
});

test("A plugin dropped beside the binary is in render --help", async ({ must }) => {
  assert.match(
    (await must(["render", "--scheduler", "gridengine", "--help"])).stdout,
    /--gridengine-queue .*\n?.*qsub -q/,
  );
});

test("many shards on the real Grid Engine give the unsharded result", async ({ folder, must }) => {
  const shards = amountOf("shards on Grid Engine", { quick: 12, usual: 12, all: 40 });
  const toys = amountOf("toys on Grid Engine", { quick: 60, usual: 60, all: 1000 });
  const words = ["run", "--scheduler", "gridengine", ...requestArgs(folder, { toys, shards })];
  const { stderr } = await must(words);
  assert.match(stderr, /plugin .*schedulers\/gridengine\.ts\n {2}sha256 [0-9a-f]{64}\n {2}runs qsub, qstat, qacct/);
  const dir = runDir(folder);
  assert.equal(await countDone(dir), shards);
  await assertMerged(dir, { toys });
  const [submission] = await submissions(dir);
  const { scheduler, job_id, task_id, environment } = await readRecord(dir, shards - 1);
  assert.deepEqual([scheduler, job_id, task_id], ["gridengine", submission?.job_id, `${shards}`]);
  assert.deepEqual([environment["JOB_ID"], environment["NSLOTS"]], [job_id, "1"]);
});

test("where --gridengine-memory limits the addresses of jobs, so that nsfarm-deno does not start, they run the sh wrapper", async ({ folder, must }) => {
  const request = requestArgs(folder, { toys: 12, shards: 4 });
  await must(["run", "--scheduler", "gridengine", ...request, "--gridengine-memory", "2G"]);
  const dir = runDir(folder);
  await assertMerged(dir, { toys: 12 });
  const [submission] = await submissions(dir);
  const { scheduler, wrapper, job_id, task_id } = await readRecord(dir, 3);
  assert.deepEqual([scheduler, wrapper, job_id, task_id], ["gridengine", "sh", submission?.job_id, "4"]);
  const [log = ""] = await Promise.all(
    (await namesIn(join(dir, "logs"))).map((name) => readText(join(dir, "logs", name))),
  );
  assert.match(log, /ulimit -v is 2097152 KiB, it needs unlimited\): the sh wrapper runs its shards/);
});

test("Shards that are not neighbours are retried in one array, and their logs explain the failure", async ({ folder, must }) => {
  const dir = runDir(folder);
  const fails = 'case $shard.$attempt in 1.1 | 4.1 | 5.1 | 8.1) echo "no licence" >&2; exit 3 ;; esac';
  const { path } = await standIn(folder, fails);
  await chmod(join(folder, "fits.log"), 0o666);
  const request = requestArgs(folder, { toys: 20, shards: 10, nextstat: path });
  await must(["run", "--scheduler", "gridengine", ...request], 5);
  assert.match((await must(["logs", dir, "4"])).stdout, /no licence/);
  await must(["retry", dir, "--wait"]);
  const [, again] = await submissions(dir);
  assert.deepEqual([again?.shards, again?.tasks], [[1, 4, 5, 8], [1, 2, 3, 4]]);
  await assertMerged(dir, { toys: 20 });
});

test("cancel removes all of a run's tasks from the queue", async ({ folder, cluster, must }) => {
  const { path } = await standIn(folder, "sleep 30");
  await chmod(join(folder, "fits.log"), 0o666);
  await must(["render", "--scheduler", "gridengine", ...requestArgs(folder, { toys: 8, shards: 8, nextstat: path })]);
  await must(["submit", runDir(folder)]);
  await must(["cancel", runDir(folder)]);
  await until("the queue is empty", async () => (await cluster.ask("qstat")) === "");
});
