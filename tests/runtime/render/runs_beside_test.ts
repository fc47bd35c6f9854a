import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { nextSeed, seedWarnings } from "../../../runtime/render/runs_beside.ts";
import { collectRun } from "../../../runtime/state/collect.ts";
import { inventedRun } from "../../fixtures/run.ts";
import { writeRun } from "../../fixtures/run_dir.ts";
import { inFolder } from "../../support/scratch.ts";

const layouts: [name: string, change: (text: string) => string][] = [
  ["as collect writes it", (text) => text],
  ["in one line", (text) => JSON.stringify(JSON.parse(text))],
  ["indented by tabs", (text) => JSON.stringify(JSON.parse(text), null, "\t")],
  ["with the rows before the plans", (text) => {
    const { plans, results, ...rest } = JSON.parse(text);
    return JSON.stringify({ results, ...rest, note: [1, 2], plans }, null, 2);
  }],
  ["with a list after the rows", (text) => JSON.stringify({ ...JSON.parse(text), note: [{ results: [1] }] }, null, 2)],
];

for (const [name, change] of layouts) {
  Deno.test(`the seeds of a collected run in the folder are found in a manifest ${name}`, () =>
    inFolder(async (folder) => {
      const manifest = inventedRun(join(folder, "first"));
      await writeRun(manifest);
      await collectRun(manifest.run_dir, null, "2026-11-26T07:00:00.000Z");
      const path = join(manifest.run_dir, "manifest.json");
      await writeFile(path, change(await readFile(path, "utf8")));
      const { seed, n_toys, config } = manifest;
      assert.equal(nextSeed(folder), seed + n_toys);
      const last = { seed: seed + n_toys - 1, n_toys: 5, config };
      assert.match(seedWarnings(join(folder, "new"), folder, last).join(), /^1 of these toys .* in the run "first"/);
      assert.deepEqual(seedWarnings(join(folder, "new"), folder, { ...last, seed: seed + n_toys }), []);
    }));
}

Deno.test("a document in the folder that is cut off, or no manifest, is no run", () =>
  inFolder(async (folder) => {
    const manifest = inventedRun(join(folder, "first"));
    await writeRun(manifest);
    const path = join(manifest.run_dir, "manifest.json");
    const text = await readFile(path, "utf8");
    for (const bad of [text.slice(0, -20), "", "[]", '{\n  "results": [\n  ]\n}']) {
      await writeFile(path, bad);
      assert.equal(nextSeed(folder), 42);
      assert.deepEqual(seedWarnings(join(folder, "new"), folder, { seed: 42, n_toys: 5, config: "c" }), []);
    }
  }));
