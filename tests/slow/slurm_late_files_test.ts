// slow: files come 90 s late
import assert from "node:assert/strict";
import { withNodeView } from "../clusters/node_view.ts";
import { assertMerged, slurmFile, untilIdle } from "../clusters/slurm_farm.ts";
import { pause } from "../support/scratch.ts";

const test = slurmFile(["--min-job-age", "30"]);

test("files that appear 90 s late, when Slurm has forgotten their jobs, are awaited and merged", async (farm) => {
  const fake = await farm.standIn("");
  const dir = await farm.render({ toys: 8, shards: 4, nextstat: fake.path });
  await withNodeView(farm.cluster, dir, async (view) => {
    const waiting = farm.start(["submit", dir, "--wait"], { most_s: 240 });
    await pause(3000);
    await untilIdle(farm);
    await pause(90_000);
    await view.bring();
    const { code, stderr } = await waiting.ended;
    assert.equal(code, 0, stderr);
    assert.doesNotMatch(stderr, /lost/);
  });
  await assertMerged(dir, { toys: 8 });
  assert.equal((await fake.log()).filter((one) => one.what === "start").length, 4);
});
