import assert from "node:assert/strict";
import { distinctPoints, duplicateSeeds, genSpread, mismatches } from "../../../core/merge/prove.ts";
import { FrameReader, type SourceOrigin } from "../../../core/merge/source_facts.ts";
import type { OutputFrame } from "../../../core/schema/shard_output.ts";
import { sampleFrame } from "../../fixtures/output.ts";
import { planOf, sampleManifest } from "../../fixtures/run.ts";
import { originOf } from "../support/core_merge.ts";

const manifest = sampleManifest();

interface Change {
  origin?: Partial<SourceOrigin>;
  frame?: (frame: OutputFrame) => void;
}

/** The facts of the sample's four shards, some of them changed. */
function factsOf(changes: Record<number, Change> = {}) {
  const reader = new FrameReader();
  return manifest.plans.map((plan, i) => {
    const frame = sampleFrame(manifest, planOf(manifest, i));
    changes[i]?.frame?.(frame);
    const { toy_start, n_toys, seed } = plan;
    const known = { spec_sha256: "1a", nextstat_version: "0.10.1", inputs: manifest.farm.inputs };
    return reader.read(originOf(i, { toy_start, n_toys, seed, ...known, ...changes[i]?.origin }), frame);
  });
}

const odd = (changes: Record<number, Change>) => mismatches(factsOf(changes)).map(({ what }) => what);

Deno.test("the shards of one run have no mismatch, no duplicate and no spread", () => {
  assert.deepEqual(odd({}), []);
  assert.deepEqual(duplicateSeeds(factsOf()), []);
  assert.equal(genSpread(factsOf()), null);
});

for (
  const [what, change, wanted] of [
    [
      "other parameters",
      { frame: (frame) => frame.parameter_names = ["mu", "s"] },
      "has another parameter list than most: mu, s, wanted mu, tau",
    ],
    ["another POI", { frame: (frame) => frame.poi_index = 1 }, "has another POI than most: tau, wanted mu"],
    [
      "another generation point",
      { frame: (frame) => frame.gen.point = "mle" },
      'has another generation point than most: "mle", wanted "init"',
    ],
    [
      "an override",
      { frame: (frame) => frame.gen.overrides = { mu: 2 } },
      "has another set of generation overrides than most: mu = 2, wanted none",
    ],
    [
      "another schema of the spec",
      { frame: (frame) => frame.input_schema_version = "v1" },
      "has another schema of the spec than most: v1, wanted nextstat_unbinned_spec_v0",
    ],
    [
      "another spec",
      { origin: { spec_sha256: "ff".repeat(32) } },
      "has another spec than most: sha256 ffffffffffff, wanted sha256 1a",
    ],
    [
      "another nextstat",
      { origin: { nextstat_version: "0.9.0" } },
      "has another nextstat than most: version 0.9.0, wanted version 0.10.1",
    ],
    [
      "other inputs",
      { origin: { inputs: [{ path: "spec.json", bytes: 1, sha256: "2b".repeat(32) }] } },
      "has another set of inputs than most: by their sha256, wanted by their sha256",
    ],
    [
      "pulls",
      { frame: (frame) => frame.guardrails = { passed: true, max_abs_poi_pull_mean: 1e9 } },
      "has another choice of pulls than most: with, wanted without",
    ],
    [
      "another generated value",
      { frame: (frame) => frame.gen.params = [1, 0.7] },
      "was generated at another tau: 0.7, most at 0.5",
    ],
    [
      "another generated value of the POI",
      { frame: (frame) => frame.gen.params = [2, 0.5] },
      "was generated at another mu: 2, most at 1",
    ],
    ["another poi_true", { frame: (frame) => frame.results.poi_true = 2 }, "has another poi_true: 2, most have 1"],
  ] satisfies [string, Change, string][]
) {
  for (const shard of [0, 2]) {
    Deno.test(`shard ${shard} with ${what} is the mismatch`, () => {
      assert.deepEqual(odd({ [shard]: change }), [`shard_${shard}.out.json ${wanted}`]);
    });
  }
}

Deno.test("an unknown member of a source is no difference", () => {
  assert.deepEqual(odd({ 1: { origin: { spec_sha256: null, nextstat_version: null, inputs: null } } }), []);
});

Deno.test("points that agree within the tolerance of two machines are no difference, and their spread is reported", () => {
  const facts = factsOf({ 1: { origin: { host: "n2" }, frame: (frame) => frame.gen.params = [1, 0.5 + 1e-8] } });
  assert.deepEqual(mismatches(facts), []);
  const spread = genSpread(facts);
  assert.equal(spread?.params[0], 0);
  assert.ok(Math.abs((spread?.params[1] ?? 0) - 1e-8) < 1e-15);
  assert.equal(odd({ 1: { frame: (frame) => frame.gen.params = [1, 0.5 + 1e-8] } }).length, 1);
});

Deno.test("each different point has all its toys, in the order of first seeds", () => {
  assert.equal(distinctPoints(factsOf()), null);
  const other: Change = { origin: { host: "n2" }, frame: (frame) => frame.gen.params = [1, 0.5 + 1e-8] };
  const points = distinctPoints(factsOf({ 1: other, 3: other }).reverse());
  assert.deepEqual(points?.map(({ params, seed_ranges }) => [params[1], seed_ranges]), [
    [0.5, [{ seed: 42, n_toys: 5 }, { seed: 52, n_toys: 5 }]],
    [0.5 + 1e-8, [{ seed: 47, n_toys: 5 }, { seed: 57, n_toys: 5 }]],
  ]);
});

Deno.test("toys in two outputs are found, with both names", () => {
  const facts = factsOf({ 2: { origin: { seed: 50, toy_start: 8 } } });
  assert.deepEqual(duplicateSeeds(facts), [
    { shard_index: 2, what: "shard_2.out.json holds toys that shard_1.out.json holds too: seeds from 50 on" },
  ]);
});
