import assert from "node:assert/strict";
import { rename } from "node:fs/promises";
import { join } from "node:path";
import { alikeTests } from "../clusters/alike.ts";
import { condorFile, openFit, statusWords, untilIdle } from "../clusters/condor_farm.ts";
import { assertMerged, submissions } from "../clusters/slurm_farm.ts";
import { namesIn, nextstat, readText, runDir } from "../support/farm.ts";
import { until } from "../support/scratch.ts";
import { arrayAt, at, readJson } from "../support/toys.ts";

const test = condorFile();

alikeTests({ scheduler: "htcondor", of: "HTCondor", wrappers: ["binary", "sh"] }, (name, work) =>
  test(name, (farm) => {
    const { ask, env } = farm.pool;
    const fit = (behaviour: string) => openFit(farm, behaviour);
    return work({ ...farm, ask, env, fit, untilIdle: () => untilIdle(farm) });
  }));

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

test("retry --split --finish of shards that timed out merges the pieces on the submit side", async (farm) => {
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
