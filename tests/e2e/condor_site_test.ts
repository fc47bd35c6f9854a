import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { type CondorFarm, condorFile, condorRun, lastCluster, openFit } from "../clusters/condor_farm.ts";
import { assertMerged } from "../clusters/slurm_farm.ts";
import { nextstat, requestArgs, runDir, spec10k } from "../support/farm.ts";
import { readManifest } from "../support/run_dir.ts";

const test = condorFile({ slots: 3 });
const LINES = ['+JobFlavour = "longlunch"', "MY.WantAll = True", '+Shard = "shard $(nsfarm_shard)"'];
const WORDS = LINES.flatMap((line) => ["--condor-line", line]);

/** The attributes of each job of the last cluster, as HTCondor's history says. */
async function attributesOf({ pool }: CondorFarm, dir: string): Promise<string[]> {
  const text = await pool.ask(
    ...["condor_history", await lastCluster(dir), "-af", "ProcId", "JobFlavour", "WantAll", "Shard"],
  );
  return text.split("\n").filter((line) => line !== "").sort();
}

test("lines of --condor-line are in render's file, and jobs of a run and of its retry carry their attributes", async (farm) => {
  const fit = await openFit(farm, `[ "$shard" != 1 ] || [ -e "$here/well" ] || exit 7`);
  const request = { toys: 6, shards: 3, nextstat: fit.path, more: WORDS };
  await farm.must(condorRun(farm, request), 5);
  const dir = runDir(farm.folder);
  const text = await readFile(join(dir, "condor_job.sub"), "utf8");
  for (const line of LINES) assert(text.split("\n").includes(line), text);
  const wanted = [0, 1, 2].map((shard) => `${shard} longlunch true shard ${shard}`);
  assert.deepEqual(await attributesOf(farm, dir), wanted);
  assert.deepEqual((await readManifest(dir)).farm.options["condor-line"], LINES);
  await fit.mark("well");
  await farm.must(["retry", dir, "--wait"]);
  assert.deepEqual(await attributesOf(farm, dir), ["0 longlunch true shard 1"]);
  await assertMerged(dir, { toys: 6 });
});

// Without a credential monitor, as here, a node refuses to start such a job: it is only submitted.
test("a waiting job carries MY.SendCredential", async (farm) => {
  const more = ["--condor-line", "MY.SendCredential = True", "--condor-requirements", "false"];
  const dir = await farm.render({ toys: 2, shards: 1, more });
  await farm.must(["submit", dir]);
  assert.equal((await farm.pool.ask("condor_q", await lastCluster(dir), "-af", "SendCredential")).trim(), "true");
  await farm.must(["cancel", dir]);
});

test("pilots carry the attributes of --condor-line", async (farm) => {
  const more = ["--condor-line", LINES[0] ?? "", "--pilots", "2"];
  await farm.must(condorRun(farm, { toys: 8, shards: 4, more }));
  const dir = runDir(farm.folder);
  await assertMerged(dir, { toys: 8 });
  assert.deepEqual(await attributesOf(farm, dir), ["0", "1"].map((job) => `${job} longlunch undefined undefined`));
});

test("jobs of each point of a sweep carry the attributes of --condor-line", async (farm) => {
  const runs = join(farm.folder, "runs");
  await farm.must([
    ...["sweep", "run", "--scheduler", "htcondor", "--shards-list", "1,2", "--n-toys", "4", "--config", spec10k()],
    ...["--nextstat-bin", nextstat(), "--threads", "1", "--no-check", "--out-root", runs, "--sweep-id", "s", ...WORDS],
  ]);
  const points = (await readdir(runs, { withFileTypes: true })).filter((entry) => entry.isDirectory());
  const seen = await Promise.all(points.map(({ name }) => attributesOf(farm, join(runs, name))));
  const line = (shard: number) => `${shard} longlunch true shard ${shard}`;
  assert.deepEqual(seen.map((lines) => lines.join("; ")).sort(), [line(0), `${line(0)}; ${line(1)}`]);
});

for (
  const { line, says } of [
    { line: "output = /tmp/x", says: /nsfarm-deno sets output itself/ },
    { line: "request_memory = 4GB", says: /sets request_memory itself\n.*Use --condor-request-memory/ },
    { line: '+NsfarmToken = "x"', says: /sets My\.NsfarmToken itself/ },
    { line: "queue 9", says: /wanted KEY = VALUE/ },
    { line: "+X = 1\nqueue 9", says: /one line without control characters/ },
  ]
) {
  test(`--condor-line ${JSON.stringify(line)} is refused before anything is written`, async (farm) => {
    const before = await readdir(farm.folder);
    const request = requestArgs(farm.folder, { toys: 2, shards: 1, more: ["--condor-line", line] });
    const { stderr, stdout } = await farm.must(["render", "--scheduler", "htcondor", ...request], 2);
    assert.match(stderr, says);
    assert.equal(stdout, "");
    assert.deepEqual(await readdir(farm.folder), before);
  });
}
