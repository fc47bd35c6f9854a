import fc from "fast-check";
import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { livePlans } from "../../../core/check_manifest.ts";
import type { FarmManifest, Plan } from "../../../core/schema/manifest.ts";
import { inventedOutput, toyOf } from "../../fixtures/output.ts";
import { inventedRun } from "../../fixtures/run.ts";
import { writeRun, writeShard } from "../../fixtures/run_dir.ts";
import { amountOf } from "../../support/amount.ts";
import { inFolder } from "../../support/scratch.ts";
import { cutPlan } from "../support/fitted_run.ts";
import { merge, mergedText } from "../support/merging.ts";

interface Leaf {
  path: string;
  plan: Plan;
}

const leafOf = (manifest: FarmManifest) => (plan: Plan): Leaf => ({
  path: join(manifest.run_dir, `shard_${plan.shard_index}.out.json`),
  plan,
});

/** Seeds of two runs: side by side, or far apart. */
const FARM = fc.record({
  n_toys: fc.integer({ min: 2, max: 30 }),
  shards: fc.integer({ min: 1, max: 8 }),
  gap: fc.constantFrom(0, 1, 1000),
  cuts: fc.array(fc.nat(), { maxLength: 3 }),
  pulls: fc.boolean(),
  faults: fc.boolean(),
  points: fc.array(fc.nat(2), { maxLength: 6 }),
});
type Farm = typeof FARM extends fc.Arbitrary<infer T> ? T : never;

/** Two runs on disk, with random splits, cuts, hosts and generation points; their shards by seed. */
async function writeFarm(folder: string, farm: Farm): Promise<Leaf[]> {
  const { n_toys, gap, cuts, pulls, faults } = farm;
  const leaves: Leaf[] = [];
  for (const [i, seed] of [42, 42 + n_toys + gap].entries()) {
    const shards = Math.min(n_toys, farm.shards + i);
    const manifest = inventedRun(join(folder, `r${i}`), { n_toys, shards, seed, pulls, faults });
    manifest.farm.run_token = `${i}`.repeat(16);
    for (const cut of cuts) {
      const live = livePlans(manifest).filter((plan) => plan.n_toys > 1);
      const plan = live[cut % Math.max(1, live.length)];
      if (plan) cutPlan(manifest, plan.shard_index);
    }
    await writeRun(manifest);
    for (const plan of livePlans(manifest)) await movePoint(manifest, plan, farm);
    leaves.push(...livePlans(manifest).map(leafOf(manifest)));
  }
  return leaves.sort((a, b) => a.plan.seed - b.plan.seed);
}

/** As --gen mle on several hosts: the values that were generated differ a little from host to host. */
async function movePoint(manifest: FarmManifest, plan: Plan, { points }: Farm): Promise<void> {
  if (points.length === 0) return;
  const host = points[plan.seed % points.length] ?? 0;
  const output = JSON.parse(inventedOutput(manifest, plan));
  output.gen.params[1] += 1e-8 * host;
  output.results.poi_true += 1e-9 * host;
  await writeShard(manifest, plan, JSON.stringify(output, null, 2));
  const metrics = join(manifest.run_dir, `shard_${plan.shard_index}.metrics.json`);
  await writeFile(metrics, (await readFile(metrics, "utf8")).replace('"host": "n1"', `"host": "n${host}"`));
}

let n_merged = 0;

/** Merges random groups of the inputs, then groups of these, and so on; `draws` decides. */
async function mergeTree(folder: string, inputs: string[], draws: number[]): Promise<string[]> {
  const [n_groups = 0, ...rest] = draws;
  if (n_groups === 0 || inputs.length < 2) return inputs;
  const groups = Map.groupBy(inputs, (_, i) => (rest[i % Math.max(1, rest.length)] ?? i) % (n_groups + 1));
  const outs: string[] = [];
  for (const group of groups.values()) {
    const out = join(folder, `merged_${n_merged++}.json`);
    const report = await merge(null, { inputs: group, out, allow_partial: true });
    assert.ok(report.merged !== null, report.notes.join("\n"));
    outs.push(out);
  }
  return await mergeTree(folder, outs, rest);
}

/** What a merge and a merge of merges have in common: all but the list of sources. */
function comparable(text: string): string {
  return text.replace(/"n_shards": \d+,\s+"sources": \[[^\]]*\]/, "");
}

const RUNS = amountOf("trees of merges", { quick: 8, usual: 16, all: 40 });
const DRAWS = fc.array(fc.nat(4), { minLength: 1, maxLength: 12 });

Deno.test("any tree of merges, with any holes, is byte-identical to a merge of its shards, each toy once at its seed's place", () =>
  inFolder(async (folder) => {
    const holes = fc.array(fc.nat(), { maxLength: 3 });
    let n = 0;
    const property = fc.asyncProperty(FARM, DRAWS, holes, async (farm, draws, holes) => {
      const all = await writeFarm(join(folder, `f${n++}`), farm);
      const gone = new Set(holes.map((hole) => hole % all.length));
      const leaves = all.filter((_, i) => !gone.has(i));
      if (leaves.length === 0) return;
      const out = join(folder, "shards.json");
      const paths = leaves.map(({ path }) => path);
      const wanted = await merge(null, { inputs: paths, out, allow_partial: true });
      const tree = await mergeTree(folder, paths, draws);
      const report = await merge(null, { inputs: tree, out: join(folder, "tree.json"), allow_partial: true });
      assert.equal(comparable(await mergedText(report)), comparable(await mergedText(wanted)));
      const seeds = leaves.flatMap(({ plan }) => Array.from({ length: plan.n_toys }, (_, i) => plan.seed + i));
      const { results } = JSON.parse(await mergedText(report));
      assert.deepEqual(results.nll, seeds.map((seed) => toyOf(seed, farm.pulls, farm.faults).nll));
      assert.equal(report.n_toys_merged, seeds.length);
      const strict = await merge(null, { inputs: tree, out: join(folder, "strict.json") });
      assert.equal(strict.exit_code, report.missing.length > 0 ? 5 : 0, strict.notes.join("\n"));
    });
    await fc.assert(property, { numRuns: RUNS });
  }));

Deno.test("a shard that occurs twice in a tree of merges is refused, wherever it is", () =>
  inFolder(async (folder) => {
    let n = 0;
    const property = fc.asyncProperty(FARM, DRAWS, fc.nat(), async (farm, draws, which) => {
      const leaves = await writeFarm(join(folder, `f${n++}`), farm);
      const paths = leaves.map(({ path }) => path);
      const twice = paths[which % paths.length] ?? "";
      const inputs = [...await mergeTree(folder, paths, draws), twice];
      for (const allow_partial of [false, true]) {
        const report = await merge(null, { inputs, out: join(folder, "twice.json"), allow_partial });
        assert.deepEqual([report.exit_code, report.merged], [5, null]);
      }
    });
    await fc.assert(property, { numRuns: RUNS / 4 });
  }));

const ODD: Record<string, (manifest: FarmManifest) => void> = {
  spec: (manifest) => manifest.farm.spec_sha256 = "e".repeat(64),
  inputs: (manifest) => manifest.farm.inputs = [{ path: "other.json", bytes: 1, sha256: "f".repeat(64) }],
  pulls: (manifest) => manifest.farm.pulls = !manifest.farm.pulls,
};

for (const [what, change] of Object.entries(ODD)) {
  Deno.test(`a shard of other ${what} never enters a whole set through merges`, () =>
    inFolder(async (folder) => {
      let n = 0;
      const property = fc.asyncProperty(FARM, DRAWS, fc.nat(), async (farm, draws, which) => {
        const own = join(folder, `f${n++}`);
        const leaves = await writeFarm(own, { ...farm, points: [], faults: false });
        const odd = leaves[which % leaves.length];
        assert.ok(odd);
        const dir = join(odd.path, "..");
        const manifest: FarmManifest = JSON.parse(await readFile(join(dir, "manifest.json"), "utf8"));
        change(manifest);
        await writeShard(manifest, odd.plan);
        const tree = await mergeTree(folder, leaves.map(({ path }) => path), draws);
        const report = await merge(null, { inputs: tree, out: join(folder, "odd.json") });
        assert.equal(report.exit_code, leaves.length > 1 ? 5 : 0, report.notes.join("\n"));
      });
      await fc.assert(property, { numRuns: RUNS / 4 });
    }));
}

Deno.test("two merged documents, one with holes, make one set with the shards that fill the holes", () =>
  inFolder(async (folder) => {
    const [a, b] = [inventedRun(join(folder, "a")), inventedRun(join(folder, "b"), { seed: 62 })];
    for (const manifest of [a, b]) await writeRun(manifest);
    const last = join(folder, "last.out.json");
    await writeFile(last, inventedOutput(b, b.plans[2]));
    await Deno.remove(join(b.run_dir, "shard_2.out.json"));
    const whole = await merge(a.run_dir);
    const holed = await merge(b.run_dir, { allow_partial: true });
    const inputs = [last, whole.merged ?? "", holed.merged ?? ""];
    const report = await merge(null, { inputs, out: join(folder, "x.json") });
    assert.equal(report.exit_code, 0, report.notes.join("\n"));
    assert.deepEqual([report.n_shards, report.n_shards_merged, report.n_toys_merged], [3, 3, 40]);
    const { results } = JSON.parse(await mergedText(report));
    assert.deepEqual(results.nll, Array.from({ length: 40 }, (_, i) => toyOf(42 + i, true, true).nll));
  }));
