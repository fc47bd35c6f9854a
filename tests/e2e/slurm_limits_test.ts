import assert from "node:assert/strict";
import { join } from "node:path";
import { asUser, output } from "../clusters/as_user.ts";
import {
  assertMerged,
  jobIds,
  type SlurmFarm,
  slurmFile,
  slurmRun,
  statusWords,
  submissions,
  untilIdle,
} from "../clusters/slurm_farm.ts";
import { namesIn, requestArgs, runDir } from "../support/farm.ts";
import { until } from "../support/scratch.ts";
import { arrayAt, type Json } from "../support/toys.ts";
import { programInFront } from "../clusters/user_farm.ts";

// The largest index of an array is 10, and Slurm forgets an ended job after 5 s.
const test = slurmFile(["--max-array-size", "11", "--min-job-age", "5"]);

const SHARDS = { toys: 24, shards: 24 };
const CHUNKS = [[0, 11], [11, 11], [22, 2]].map(([first = 0, count = 0]) =>
  Array.from({ length: count }, (_, i) => first + i)
);

test("24 shards with at most 11 tasks per array are three arrays, and the run gives the unsharded result", async (farm) => {
  const dir = runDir(farm.folder);
  await farm.must(slurmRun(farm, SHARDS));
  assert.deepEqual((await submissions(dir)).map((one) => one.shards), CHUNKS);
  await assertMerged(dir, SHARDS);
  assert.match((await farm.must(["status", dir])).stdout, /24 done of 24 shards/);
});

test("the commands that render prints, typed by hand, make the same run", async (farm) => {
  const request = requestArgs(farm.folder, SHARDS);
  const { stdout } = await farm.must(["render", "--scheduler", "slurm", ...request, "--json"]);
  const [submit, ...by_hand] = commandsIn(JSON.parse(stdout));
  const dir = runDir(farm.folder);
  assert.deepEqual(submit, ["nsfarm-deno", "submit", dir]);
  assert.deepEqual(by_hand, ["", ".2", ".3"].map((n) => ["sbatch", `${dir}/slurm_array_job${n}.sh`]));
  for (const argv of by_hand) await output(asUser(...argv), farm.cluster.env);
  await untilIdle(farm);
  await farm.must(["collect", dir]);
  await farm.must(["merge", dir]);
  await assertMerged(dir, SHARDS);
});

const commandsIn = (document: Json): string[][] =>
  arrayAt(document, "commands").map((argv) => Array.isArray(argv) ? argv.map(String) : []);

test("logs of a shard in a later array shows its own job's log, and retry resubmits it under its own number", async (farm) => {
  const fake = await farm.standIn(
    `[ "$shard" != 17 ] || [ -e "$here/mended" ] || { echo "no luck" >&2; kill -9 $PPID; exit 1; }`,
  );
  const dir = await farm.render({ toys: 20, shards: 20, nextstat: fake.path });
  await farm.must(["submit", dir]);
  await untilIdle(farm);
  const [, second] = await jobIds(dir);
  const { stdout } = await farm.must(["logs", dir, "17"]);
  assert(!stdout.includes(`slurm_${(await jobIds(dir))[0]}_6.log`), stdout);
  assert(stdout.includes(`slurm_${second}_6.log`), stdout);
  await fake.mark("mended");
  await farm.must(["retry", dir, "--wait"]);
  const last = (await submissions(dir)).at(-1);
  assert.deepEqual({ shards: last?.shards, tasks: last?.tasks }, { shards: [17], tasks: [6] });
  await assertMerged(dir, { toys: 20 });
});

test("several shards in a job and a throttle: each toy once, and never more jobs at a time", async (farm) => {
  const fake = await farm.standIn(`ls -d "$here"/now.* 2>/dev/null | wc -l >>"$here/others"; mkdir "$here/now.$shard"
"$real" "$@"; code=$?; rmdir "$here/now.$shard"; say end; exit $code`);
  const more = ["--shards-per-job", "5", "--slurm-throttle", "2"];
  await farm.must(slurmRun(farm, { toys: 20, shards: 20, nextstat: fake.path, more }));
  const [only] = await submissions(runDir(farm.folder));
  assert.deepEqual(only?.tasks, Array.from({ length: 20 }, (_, shard) => Math.floor(shard / 5)));
  const others = (await Deno.readTextFile(join(farm.folder, "others"))).trim().split("\n").map(Number);
  assert(Math.max(...others) <= 1, `${others}`);
  await assertMerged(runDir(farm.folder), { toys: 20 });
});

const REFUSING = `echo "sacct: error: Problem talking to the database: Connection refused" >&2; exit 1`;

test("without slurmdbd, and with a sacct that refuses, a run finishes, and what Slurm has forgotten is reported", async (farm) => {
  const { limits } = JSON.parse((await farm.must(["preflight", "--scheduler", "slurm", "--json"])).stdout);
  assert.equal(limits.accounting, false);
  assert.equal(limits.max_array_size, 11);
  const env = await programInFront(farm.folder, "sacct", REFUSING);
  const fake = await farm.standIn(`[ "$shard" != 2 ] || [ -e "$here/mended" ] || exit 3`);
  const dir = runDir(farm.folder);
  const request = slurmRun(farm, { toys: 20, shards: 20, nextstat: fake.path });
  const { stderr } = await farm.must(request, 5, { env });
  assert.match(stderr, /shard 2: failed: exit 3/);
  await untilForgotten(farm, dir);
  const { stdout } = await farm.must(["status", dir], 0, { env });
  assert.match(stdout, /19 done, 1 failed of 20 shards|1 failed, 19 done of 20 shards/);
  await fake.mark("mended");
  await farm.must(["retry", dir, "--wait"], 0, { env });
  await assertMerged(dir, { toys: 20 });
});

/** Until squeue knows nothing of a run's jobs. */
async function untilForgotten(farm: SlurmFarm, dir: string): Promise<void> {
  const ids = (await jobIds(dir)).join(",");
  const args = ["--noheader", "--states=all", `--jobs=${ids}`];
  await until(
    "Slurm has forgotten the jobs",
    () => farm.cluster.ask("squeue", ...args).then((text) => text === "", () => true),
  );
}

test("a squeue without --json is sufficient", async (farm) => {
  const lines = `for word; do
  case $word in --json*) echo "squeue: unrecognized option '--json'" >&2; exit 1 ;; esac
done
echo called >>'${farm.folder}/calls'; exec "$real" "$@"`;
  const env = await programInFront(farm.folder, "squeue", lines);
  const dir = runDir(farm.folder);
  await farm.must(slurmRun(farm, { toys: 20, shards: 20 }), 0, { env });
  await assertMerged(dir, { toys: 20 });
  const calls = (await Deno.readTextFile(join(farm.folder, "calls"))).trim().split("\n").length;
  assert(calls < 20, `${calls} calls of squeue for 20 shards`);
});

test("a job that Slurm has forgotten before any query, without a record, is reported as lost", async (farm) => {
  const fake = await farm.standIn(`[ -e "$here/mended" ] || [ "$shard" != 1 ] || { kill -9 $PPID; exit 1; }`);
  const dir = await farm.render({ toys: 6, shards: 3, nextstat: fake.path });
  await farm.must(["submit", dir]);
  await untilIdle(farm);
  await untilForgotten(farm, dir);
  assert.match(await statusWords(farm, dir), /running +waiting for files: shard 1/);
  assert.match(
    await statusWords(farm, dir, ["--file-grace-s", "0"]),
    /lost +its job disappeared without a record: shard 1/,
  );
  await fake.mark("mended");
  await farm.must(["retry", dir, "--wait"]);
  await assertMerged(dir, { toys: 6 });
  assert.deepEqual(await namesIn(join(dir, "aside")), []);
});
