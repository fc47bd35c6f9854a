import assert from "node:assert/strict";
import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { HypotestMerged } from "../../../core/schema/hypotest.ts";
import type { FarmManifest } from "../../../core/schema/manifest.ts";
import type { MergeReport } from "../../../core/schema/merge_report.ts";
import type { ShardRecord } from "../../../core/schema/shard_record.ts";
import { verifyRun } from "../../../runtime/merge/verify.ts";
import { madeUpTest, testText, writeTestRun, writeTestShard } from "../../fixtures/hypotest.ts";
import { planOf } from "../../fixtures/run.ts";
import { inFolder } from "../../support/scratch.ts";
import { merge, mergedText } from "../support/merging.ts";

const whats = ({ problems }: MergeReport) => problems.map(({ what }) => what).join("\n");

/** Writes shard 2 of a run anew, with a true record of what is in it. */
async function rewrite(manifest: FarmManifest, test: object, record: Partial<ShardRecord> = {}): Promise<void> {
  const plan = planOf(manifest, 2);
  await writeTestShard(manifest, plan, testText({ ...madeUpTest(plan), ...test }), record);
}

const parsed = async (report: MergeReport) => HypotestMerged.parse(JSON.parse(await mergedText(report)));

for (
  const [what, test, record, wanted] of [
    ["another mu", { mu: 1.5 }, {}, /tests mu = 1\.5, planned is 1/],
    ["another seed", { seed: 7 }, {}, /starts at seed 7, planned is 242/],
    ["fewer toys", { n: 99 }, {}, /holds 99 toys of each hypothesis, planned are 100/],
    ["another q_obs on another host", { q: 3.9001 }, { host: "n2" }, /has another q_obs: 3\.9001, most have 3\.9/],
    ["a q_obs that differs a little on the same host", { q: 3.9 + 1e-8 }, {}, /has another q_obs: 3\.90000001/],
    ["another spec", {}, { spec_sha256: "2b".repeat(32) }, /spec/],
    [
      "another nextstat",
      {},
      { nextstat_version: "0.10.2" },
      /another nextstat than most: version 0\.10\.2, wanted version/,
    ],
  ] satisfies [string, object, Partial<ShardRecord>, RegExp][]
) {
  Deno.test(`a shard of ${what} is not merged, and the others only as a partial set`, () =>
    inFolder(async (folder) => {
      const manifest = await writeTestRun(folder, "r");
      await rewrite(manifest, test, record);
      const report = await merge(manifest.run_dir);
      assert.deepEqual([report.exit_code, report.merged], [5, null]);
      assert.match(whats(report), wanted);
      assert.deepEqual(report.problems.map(({ shard_index }) => shard_index), [2]);
      const { merge: { farm }, n_toys } = await parsed(await merge(manifest.run_dir, { allow_partial: true }));
      assert.deepEqual([n_toys.b, farm.partial, farm.missing], [300, true, [{
        toy_start: 200,
        n_toys: 100,
        seed: 242,
      }]]);
      assert.match(farm.left_out.join(), wanted);
    }));
}

Deno.test("a q_obs that differs as between machines is merged, and the spread is told", () =>
  inFolder(async (folder) => {
    const manifest = await writeTestRun(folder, "r");
    await rewrite(manifest, { q: 3.9 + 1e-7 }, { host: "n2" });
    const report = await merge(manifest.run_dir);
    assert.equal(report.exit_code, 0, whats(report));
    assert.match(report.result?.at(-1) ?? "", /the observed q differs by up to 1\.0e-7 between shards/);
    assert.deepEqual(verifyRun(manifest.run_dir).findings.filter(({ file }) => file === "merged.out.json"), []);
  }));

Deno.test("a shard with a p-value that is no fraction of its toys, or that is missing, is not merged", () =>
  inFolder(async (folder) => {
    const manifest = await writeTestRun(folder, "r");
    const plan = planOf(manifest, 2);
    const good = testText(madeUpTest(plan));
    const odd = good.replace(/"clb":0\.(\d+)/, '"clb":0.1234567');
    await writeTestShard(manifest, plan, odd);
    assert.match(whats(await merge(manifest.run_dir)), /has clb = 0\.1234567, which is no \(k \+ 1\) \/ \(n \+ 1\)/);
    await rm(join(manifest.run_dir, "shard_2.out.json"));
    await rm(join(manifest.run_dir, "shard_2.metrics.json"));
    assert.match(whats(await merge(manifest.run_dir)), /^shard_2\.out\.json is not there$/);
    await writeTestShard(manifest, plan, good);
    assert.equal((await merge(manifest.run_dir)).exit_code, 0);
  }));

Deno.test("an output without its record is merged only with --accept-unrecorded, and verify knows it", () =>
  inFolder(async (folder) => {
    const manifest = await writeTestRun(folder, "r");
    await rm(join(manifest.run_dir, "shard_2.metrics.json"));
    assert.match(whats(await merge(manifest.run_dir)), /shard_2\.out\.json has no record yet/);
    const report = await merge(manifest.run_dir, { accept_unrecorded: true });
    assert.deepEqual([report.exit_code, (await parsed(report)).merge.farm.unrecorded], [0, [2]]);
    const { findings } = verifyRun(manifest.run_dir);
    assert.deepEqual(findings.filter(({ file }) => file === "merged.out.json"), []);
  }));

/** Writes runs with these seeds, merges each, and returns the paths of the merged documents. */
async function mergedRuns(folder: string, ...seeds: number[]): Promise<string[]> {
  const paths: string[] = [];
  for (const [i, seed] of seeds.entries()) {
    const report = await merge((await writeTestRun(folder, `r${i}`, seed)).run_dir);
    assert(report.merged !== null, whats(report));
    paths.push(report.merged);
  }
  return paths;
}

const mergeInputs = (folder: string, inputs: string[], more = {}) =>
  merge(null, { inputs, out: join(folder, `${crypto.randomUUID()}.json`), ...more });

/** Returns a merged document without what tells of its files. */
const ownMembers = async (report: MergeReport) => {
  const { merge: { farm, sources: _, ...__ }, ...own } = await parsed(report);
  return { ...own, farm };
};

Deno.test("merges of merged tests, in any order and depth, are the sum of all shards", () =>
  inFolder(async (folder) => {
    const [a = "", b = "", c = ""] = await mergedRuns(folder, 42, 442, 842);
    const flat = await mergeInputs(folder, [c, a, b]);
    const two = await mergeInputs(folder, [b, a]);
    const nested = await mergeInputs(folder, [c, two.merged ?? ""]);
    assert.deepEqual(await ownMembers(nested), await ownMembers(flat));
    const found = await parsed(flat);
    assert.deepEqual(found.merge.farm.seed_ranges, [{ seed: 42, n_toys: 1200 }]);
    const shards = [0, 1, 2].flatMap((run) => [0, 1, 2, 3].map((i) => join(folder, `r${run}`, `shard_${i}.out.json`)));
    const single = await parsed(await mergeInputs(folder, shards));
    assert.deepEqual([single.clsb, single.clb, single.seed], [found.clsb, found.clb, 42]);
  }));

Deno.test("what outputs that are named one by one do not prove is told", () =>
  inFolder(async (folder) => {
    const [a = ""] = await mergedRuns(folder, 42);
    assert.deepEqual((await mergeInputs(folder, [a])).notes, []);
    const shard = join(folder, "r0", "shard_1.out.json");
    const bare = join(folder, "bare.json");
    await writeFile(bare, testText({ ...madeUpTest({ seed: 900, n_toys: 100 }) }));
    const { notes, exit_code } = await mergeInputs(folder, [shard, bare]);
    assert.equal(exit_code, 0);
    assert.deepEqual(notes, [
      "not proven for 2 outputs: that no shard of the same run is missing (nextstat does not write how many toys it has)",
      "not proven for 1 output without a record: the same spec and the same nextstat",
    ]);
  }));

Deno.test("merged tests that share seeds, also those of the other hypothesis, are refused", () =>
  inFolder(async (folder) => {
    const [a = "", b = "", c = "", d = ""] = await mergedRuns(folder, 42, 441, 1_000_000_041, 2_000_000_500);
    const twice = await mergeInputs(folder, [a, b], { allow_partial: true });
    assert.match(
      whats(twice),
      /r1\/merged\.out\.json" holds toys that ".*r0\/merged\.out\.json" holds too: seeds from 441/,
    );
    assert.deepEqual([twice.exit_code, twice.notes.at(-1)], [
      5,
      "leave out one of the outputs that hold the same toys",
    ]);
    assert.match(whats(await mergeInputs(folder, [a, c])), /holds too: seeds from 1000000042 on/);
    assert.equal((await mergeInputs(folder, [a, d])).exit_code, 0);
  }));

for (
  const [what, change, wanted] of [
    ["another mu", (text: string) => text.replace('"mu_test": 1.0', '"mu_test": 2.0'), /tests mu = 2, most test 1/],
    ["other observed data", (text: string) => text.replace('"q_obs": 3.9', '"q_obs": 4.9'), /has another q_obs: 4\.9/],
    ["another spec", (text: string) => text.replaceAll("1a".repeat(32), "2b".repeat(32)), /has another spec than most/],
    ["another nextstat", (text: string) => text.replaceAll('"0.10.1"', '"0.10.2"'), /has another nextstat than most/],
    [
      "changed counts",
      (text: string) => text.replace(/"clb": 0\.\d+/, '"clb": 0.123'),
      /has clb = 0\.123, which is no/,
    ],
    ["changed ranges", (text: string) => text.replace('"n_toys": 400\n', '"n_toys": 401\n'), /seed_ranges are of 401/],
    ["no members of a merge", (text: string) => text.replace('"hosts"', '"guests"'), /merge\.farm that cannot be read/],
    ["no JSON", (text: string) => text.slice(0, -20), /is no JSON/],
    ["another kind", () => '{"gen": {}}', /is no output of a hypothesis test/],
    [
      "the other workload",
      (text: string) => text.replace('"mu_hat"', '"input_schema_version": "x",\n  "mu_hat"'),
      /is no output of hypotest-toys/,
    ],
  ] satisfies [string, (text: string) => string, RegExp][]
) {
  Deno.test(`a merged test of ${what} is not merged with two others`, () =>
    inFolder(async (folder) => {
      const [a = "", b = "", c = ""] = await mergedRuns(folder, 42, 1000, 2000);
      const text = await readFile(c, "utf8");
      assert.notEqual(change(text), text);
      await writeFile(c, change(text));
      const report = await mergeInputs(folder, [a, b, c]);
      assert.deepEqual([report.exit_code, report.merged], [5, null]);
      assert.match(whats(report), wanted);
      assert.match(whats(report), /r2\/merged\.out\.json/);
    }));
}

Deno.test("a partial test is completed by the output that it lacked, and not by itself", () =>
  inFolder(async (folder) => {
    const manifest = await writeTestRun(folder, "r");
    const whole = await ownMembers(await merge(manifest.run_dir));
    const kept = join(folder, "kept.out.json");
    await writeFile(kept, await readFile(join(manifest.run_dir, "shard_2.out.json")));
    await rm(join(manifest.run_dir, "shard_2.out.json"));
    const partial = await merge(manifest.run_dir, { allow_partial: true, out: join(folder, "partial.json") });
    assert.match(
      whats(await mergeInputs(folder, [partial.merged ?? ""])),
      /the toys with the seeds 242-341 are in none/,
    );
    const filled = await ownMembers(await mergeInputs(folder, [partial.merged ?? "", kept]));
    assert.deepEqual([filled.clsb, filled.clb, filled.cls], [whole.clsb, whole.clb, whole.cls]);
    assert.deepEqual([filled.farm.partial, filled.farm.missing], [false, []]);
  }));

Deno.test("a guardrail is refused where toys have no fitted values", () =>
  inFolder(async (folder) => {
    const manifest = await writeTestRun(folder, "r");
    const guardrails = { require_all_converged: true, max_abs_poi_pull_mean: null, poi_pull_std_range: null };
    await assert.rejects(() => merge(manifest.run_dir, { guardrails }), /Cannot judge a guardrail of hypotest-toys/);
  }));
