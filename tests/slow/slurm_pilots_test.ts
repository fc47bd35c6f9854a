// slow: Slurm's shortest time limit is a minute
import assert from "node:assert/strict";
import { assertMerged, slurmFile, slurmRun } from "../clusters/slurm_farm.ts";
import { runDir } from "../support/farm.ts";
import { countDone, readAttempts } from "../support/run_dir.ts";

const test = slurmFile();
const SLOW = { most_s: 300 };

test("pilots with less time than the run cause no time-out, and retry finishes it", async (farm) => {
  const fake = await farm.standIn(`[ -e "$here/fast" ] || sleep 4`);
  const dir = runDir(farm.folder);
  const more = ["--pilots", "2", "--slurm-time", "1"];
  await farm.must(slurmRun(farm, { toys: 60, shards: 60, nextstat: fake.path, more }), 5, SLOW);
  const done = await countDone(dir);
  assert(done > 8 && done < 60, `${done}`);
  assert.deepEqual((await readAttempts(dir)).map(({ end }) => end?.cause), []);
  assert.match(
    (await farm.must(["status", dir])).stdout,
    new RegExp(`${done} done, ${60 - done} not submitted of 60 shards`),
  );
  await fake.mark("fast");
  await farm.must(["retry", dir, "--wait"], 0, SLOW);
  await assertMerged(dir, { toys: 60 });
  assert.equal((await fake.log()).filter((line) => line.what === "end").length, 60);
});
