import assert from "node:assert/strict";
import { rename } from "node:fs/promises";
import { join } from "node:path";
import { type CondorFarm, condorFile, openFit, queued, statusWords, untilIdle } from "../support/condor_farm.ts";
import { namesIn, nextstat, readText, runDir } from "../support/farm.ts";
import { readManifest } from "../support/run_dir.ts";
import { pause, until } from "../support/scratch.ts";
import { assertMerged, submissions } from "../support/slurm_farm.ts";
import { arrayAt, at, readJson } from "../support/toys.ts";

const test = condorFile();
const SLOW = `until [ -e "$here/go" ]; do sleep 0.2; done`;

test("with submit --finish and the driver and its shell gone, merged.out.json appears and is the unsharded run's", async (farm) => {
  const fit = await openFit(farm, SLOW);
  const dir = await farm.render({ toys: 16, shards: 8, nextstat: fit.path });
  await submitAndVanish(farm, dir);
  await fit.mark("go");
  await untilIdle(farm);
  await assertMerged(dir, { toys: 16 });
  assert.equal((await readManifest(dir)).results?.length, 8);
});

/** Submits from a login shell that is gone, with all that it started, as soon as the answer is there. */
async function submitAndVanish(farm: CondorFarm, dir: string): Promise<void> {
  const { stdout } = await farm.must(["submit", dir, "--finish"]);
  assert.match(stdout, /^htcondor job \d+: 8 shards$/m);
  assert.match(stdout, /^htcondor job \d+: collects and merges when they have ended$/m);
  await until("the finishing job runs", async () => (await queued(farm.pool)).split("\n").length >= 9);
  await pause(1000);
  assert.equal(await readText(join(dir, "merged.out.json")), "");
}

test("with one shard failing for good, --finish leaves merge_status.json that names it, and no merged.out.json", async (farm) => {
  const fit = await openFit(farm, `[ "$shard" != 3 ] || [ -e "$here/mended" ] || { echo "no licence" >&2; exit 3; }`);
  const dir = await farm.render({ toys: 12, shards: 6, nextstat: fit.path });
  await farm.must(["submit", dir, "--finish"]);
  await untilIdle(farm);
  const status = await readJson(join(dir, "merge_status.json"));
  assert.equal(at(status, "ok"), false);
  assert.match(JSON.stringify(at(status, "problems")), /"shard_index":3/);
  assert(!(await namesIn(dir)).includes("merged.out.json"));
  assert.match(await statusWords(farm, dir), /5 done, 1 failed of 6 shards[^]*exit 3: no licence: shard 3/);
  await fit.mark("mended");
  await farm.must(["retry", dir, "--finish"]);
  await untilIdle(farm);
  await assertMerged(dir, { toys: 12 });
});

test("with a held job, --finish ends and names its shard with HTCondor's reason; after retry --finish the run is whole", async (farm) => {
  const place = join(farm.folder, "fit");
  await Deno.copyFile(nextstat(), place);
  const dir = await farm.render({ toys: 4, shards: 2, nextstat: place, more: ["--mode", "transfer"] });
  await rename(place, `${place}.away`);
  await farm.must(["submit", dir, "--finish"]);
  await until("the merge was refused", async () => (await namesIn(dir)).includes("merge_status.json"));
  assert.match(await readText(join(dir, "logs", `finish.${await finishJob(dir)}.log`)), /held +its input files/);
  assert.deepEqual(arrayAt(await readJson(join(dir, "manifest.json")), "results").map((one) => at(one, "farm.state")), [
    "held",
    "held",
  ]);
  await rename(`${place}.away`, place);
  await farm.must(["retry", dir, "--finish"]);
  await untilIdle(farm);
  await assertMerged(dir, { toys: 4 });
});

/** The finishing job has the number after that of the run's last jobs. */
async function finishJob(dir: string): Promise<number> {
  return Number((await submissions(dir)).at(-1)?.job_id) + 1;
}

test("retry --split --finish of shards whose time ran out merges the pieces on the submit side", async (farm) => {
  const fit = await openFit(farm, `case $shard in S+*) ;; *) sleep 60 ;; esac`);
  const more = ["--condor-max-run-time", "0:05"];
  const dir = await farm.render({ toys: 8, shards: 2, nextstat: fit.path, more });
  await farm.must(["submit", dir, "--finish"]);
  await untilIdle(farm);
  assert.match(await statusWords(farm, dir), /2 timed_out of 2 shards/);
  await farm.must(["retry", dir, "--split", "--finish"]);
  await untilIdle(farm);
  await assertMerged(dir, { toys: 8 });
  assert.equal(dir, runDir(farm.folder));
});
