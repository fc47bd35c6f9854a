import assert from "node:assert/strict";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { FarmManifest } from "../../../core/schema/manifest.ts";
import { freshSeed, nextSeed, seedWarnings } from "../../../runtime/render/runs_beside.ts";
import { collectRun } from "../../../runtime/state/collect.ts";
import { inventedRun, sampleManifest } from "../../fixtures/run.ts";
import { writeRun } from "../../fixtures/run_dir.ts";
import { inFolder } from "../../support/scratch.ts";

const BILLION = 1_000_000_000;
const NEW = { seed: 42, n_toys: 5, config: "c", workload: "fit-toys", gen: "init", set: {} } as const;
const TOYS = { workload: "fit-toys", nToys: 5 };

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
      assert.equal(nextSeed(folder, TOYS), seed + n_toys);
      const last = { ...NEW, seed: seed + n_toys - 1, config };
      assert.match(seedWarnings(["new"], folder, [last]).join(), /^1 of these toys .* in the run "first"/);
      assert.deepEqual(seedWarnings(["new"], folder, [{ ...last, seed: seed + n_toys }]), []);
    }));
}

Deno.test("toys of several points are counted together, and toys of another generation point are not called the same", () =>
  inFolder(async (folder) => {
    const { n_toys, seed, config, run_dir } = inventedRun(join(folder, "first"));
    await writeRun(inventedRun(run_dir));
    const warned = (...points: Record<string, unknown>[]) =>
      seedWarnings(["new"], folder, points.map((point) => ({ ...NEW, config, ...point }))).join();
    assert.match(
      warned({ seed }, { seed: seed + n_toys - 2 }, { seed: seed + n_toys }),
      /^7 .*: they are the same toys/,
    );
    const other = warned({ seed, n_toys: 5, set: { mu: 0.5 } }, { seed: seed + BILLION });
    assert.match(other, /^5 of these toys .* in the run "first" beside it: they are drawn by the same random numbers/);
    assert.match(warned({ seed, gen: "mle" }), /they are drawn by the same random numbers/);
  }));

Deno.test("the seeds of a manifest that is damaged are unknown, and a document of another kind is no run", () =>
  inFolder(async (folder) => {
    const manifest = inventedRun(join(folder, "first"));
    await writeRun(manifest);
    const path = join(manifest.run_dir, "manifest.json");
    const text = await readFile(path, "utf8");
    const warned = async (of: string) => {
      await writeFile(path, of);
      assert.equal(nextSeed(folder, TOYS), 42);
      return seedWarnings(["new"], folder, [NEW]).join();
    };
    const unknown =
      /^the seeds of other runs in the folder could not be compared: "first" has a damaged manifest.json$/;
    for (const bad of [text.slice(0, -20), "", JSON.stringify({ ...JSON.parse(text), plans: null })]) {
      assert.match(await warned(bad), unknown);
    }
    for (const other of ["[]", '{\n  "results": [\n  ]\n}']) assert.equal(await warned(other), "");
  }));

/** Writes the manifest of a hypothesis test of 100 toys with neighbouring seeds. */
async function writeTest(folder: string, run_id: string, seed: number, mu = 1): Promise<FarmManifest> {
  const run_dir = join(folder, run_id);
  const farm = { workload: { name: "hypotest-toys", mu } };
  const manifest = sampleManifest({ run_id, run_dir, config: "/w.json", seed, n_toys: 100, farm });
  await mkdir(run_dir);
  await writeFile(join(run_dir, "manifest.json"), JSON.stringify(manifest, null, 2));
  return manifest;
}

Deno.test("toys of the background alone that have the seeds of signal plus background of a run beside it are warned of, and the other way round", () =>
  inFolder(async (folder) => {
    await writeTest(folder, "first", 42);
    const warned = (seed: number, change = {}) =>
      seedWarnings(["new"], folder, [
        { ...NEW, seed, n_toys: 50, config: "/w.json", workload: "hypotest-toys", ...change },
      ]).join();
    const of = (n: number) =>
      new RegExp(
        `^${n} of these toys .* in the run "first" beside it: they are drawn by the same random numbers, not new`,
      );
    assert.match(warned(42 + 99), of(1));
    assert.match(warned(42 + BILLION + 60), of(40));

    assert.equal(warned(142), "");
    assert.equal(warned(142 + BILLION), "");
    assert.equal(warned(42 + BILLION, { config: "/other.json" }), "");
  }));

Deno.test("--seed next and an extension take seeds that meet those of neither hypothesis of the runs beside them", () =>
  inFolder(async (folder) => {
    const tests = { workload: "hypotest-toys", nToys: 50 };
    const first = await writeTest(folder, "first", 42);
    assert.equal(nextSeed(folder, tests), 142);
    assert.equal(freshSeed(first.run_dir, first, 50), 142);
    await writeTest(folder, "second", 42 + BILLION + 150);
    assert.equal(nextSeed(folder, tests), 42 + BILLION + 250);
    // b would be free at 142, but the second run's b toys have the seeds of its s+b.
    assert.equal(freshSeed(first.run_dir, first, 60), 292);
  }));

Deno.test("a run of a workload that this version does not know has unknown seeds", () =>
  inFolder(async (folder) => {
    const manifest = await writeTest(folder, "first", 42);
    const farm = { ...manifest.farm, workload: { name: "newer" } };
    await writeFile(join(manifest.run_dir, "manifest.json"), JSON.stringify({ ...manifest, farm }));
    const [warning] = seedWarnings(["new"], folder, [{ ...NEW, config: "/w.json" }]);
    assert.match(warning ?? "", /^the seeds of other runs in the folder could not be compared: "first" .*"newer"/);
  }));
