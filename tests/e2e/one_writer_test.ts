import assert from "node:assert/strict";
import { writeShard } from "../fixtures/run_dir.ts";
import { mustRun, nsfarm, renderRun } from "../support/farm.ts";
import { readManifest } from "../support/run_dir.ts";
import { inFolder } from "../support/scratch.ts";

Deno.test("simultaneous extensions and a collect are all kept: no toy is lost, and no seed occurs twice", () =>
  inFolder(async (folder) => {
    const dir = await renderRun(folder, { toys: 400, shards: 200 });
    const rendered = await readManifest(dir);
    for (const plan of rendered.plans) await writeShard(rendered, plan);
    let isOver = false;
    const collectInLoop = async () => {
      while (!isOver) assert([0, 5].includes((await nsfarm(folder, ["collect", dir])).code));
    };
    const extend = async (more: number[]) => {
      for (const n of more) {
        await mustRun(folder, ["extend", dir, "--n-toys", `+${n}`, "--shards", "1", "--no-submit"]);
      }
    };
    const collecting = collectInLoop();
    await Promise.all([extend([3, 5, 7]), extend([4, 6, 8])]).finally(() => isOver = true);
    await collecting;
    const { n_toys, plans, farm, results } = await readManifest(dir);
    assert.equal(n_toys, 433);
    assert.deepEqual(plans.slice(200).map((plan) => plan.n_toys).sort(), [3, 4, 5, 6, 7, 8]);
    assert.equal(farm.history.length, 6);
    const seeds = plans.flatMap((plan) => Array.from({ length: plan.n_toys }, (_, i) => plan.seed + i));
    assert.equal(new Set(seeds).size, 433);
    assert((results ?? []).length >= 200, "what was collected is there too");
    const { stdout } = await mustRun(folder, ["collect", dir], 5);
    assert.match(stdout, /^200\/206 shards ok, 0 failed, 6 queued$/m);
  }));

Deno.test("runs that are rendered or extended at the same time in one folder share no seed", () =>
  inFolder(async (folder) => {
    const ids = ["a", "b", "c"];
    const next = ["--seed", "next"];
    const dirs = await Promise.all(ids.map((id) => renderRun(folder, { toys: 20, shards: 2, id, more: next })));
    await Promise.all(dirs.map((dir) => mustRun(folder, ["extend", dir, "--n-toys", "+10", "--no-submit"])));
    const plans = (await Promise.all(dirs.map(readManifest))).flatMap((one) => one.plans);
    const seeds = plans.flatMap(({ seed, n_toys }) => Array.from({ length: n_toys }, (_, i) => seed + i));
    assert.equal(new Set(seeds).size, 90);
  }));
