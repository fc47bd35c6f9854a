// slow: what pilots do on HTCondor they do on Slurm, which is tested before a push
import assert from "node:assert/strict";
import { join } from "node:path";
import { condorFile, condorRun, openFit, untilIdle } from "../clusters/condor_farm.ts";
import { assertMerged } from "../clusters/slurm_farm.ts";
import { namesIn, runDir } from "../support/farm.ts";
import { countDone, readManifest, readRecord } from "../support/run_dir.ts";
import { until } from "../support/scratch.ts";

const test = condorFile({ slots: 2, nodes: 2 });
const SLOW = { most_s: 300 };

async function pilots(dir: string): Promise<number[]> {
  const names = (await namesIn(join(dir, "claims"))).filter((name) => /^worker_[0-9a-f]{16}\.json$/.test(name));
  const texts = await Promise.all(names.map((name) => Deno.readTextFile(join(dir, "claims", name)).catch(() => "")));
  return texts.filter((text) => text !== "").map((text) => JSON.parse(text).process.pid);
}

test("four pilots do 30 shards on two nodes; one killed by SIGKILL loses its shards to the others", async (farm) => {
  const fit = await openFit(farm, "sleep 0.5");
  const dir = runDir(farm.folder);
  const more = ["--pilots", "4", "--heartbeat-s", "1"];
  const driver = farm.start(condorRun(farm, { toys: 30, shards: 30, nextstat: fit.path, more }), SLOW);
  await until("pilots work", async () => (await pilots(dir)).length > 2 && await countDone(dir) >= 6);
  const [first] = await pilots(dir);
  new Deno.Command("kill", { args: ["-9", `${first}`] }).outputSync();
  const ran = await driver.ended;
  assert.equal(ran.code, 0, ran.stderr);
  await assertMerged(dir, { toys: 30 });
  const records = await Promise.all(Array.from({ length: 30 }, (_, i) => readRecord(dir, i)));
  assert.deepEqual([...new Set(records.map(({ host }) => host))].sort(), ["e1", "e2"]);
  assert.equal((await readManifest(dir)).farm.pilots, 4);
  await untilIdle(farm);
  await Deno.remove(join(dir, "claims"), { recursive: true });
});

test("pilots with less time than the run cause no time-out, and retry finishes it", async (farm) => {
  const fit = await openFit(farm, `[ -e "$here/fast" ] || sleep 3`);
  const dir = runDir(farm.folder);
  const more = ["--pilots", "2", "--condor-max-run-time", "0:00:20"];
  const ran = await farm.start(condorRun(farm, { toys: 40, shards: 40, nextstat: fit.path, more }), SLOW).ended;
  assert.equal(ran.code, 5, ran.stderr);
  const done = await countDone(dir);
  assert(done >= 4 && done < 40, `${done}`);
  assert.deepEqual(await namesIn(join(dir, "attempts")), []);
  await fit.mark("fast");
  await farm.must(["retry", dir, "--wait"], 0, SLOW);
  await assertMerged(dir, { toys: 40 });
  await untilIdle(farm);
  await Deno.remove(join(dir, "claims"), { recursive: true });
});
