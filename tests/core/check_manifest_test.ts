import assert from "node:assert/strict";
import { isFarmManifest, livePlans, manifestFault } from "../../core/check_manifest.ts";
import { Manifest, type Plan } from "../../core/schema/manifest.ts";
import { cutShards } from "../../core/toys.ts";
import { sampleManifest } from "../fixtures/run.ts";

/** The fault of a sample whose plan `i` was changed. */
function withPlan(i: number, change: Partial<Plan>): string | null {
  const manifest = sampleManifest();
  return manifestFault({
    ...manifest,
    plans: manifest.plans.map((plan, k) => k === i ? { ...plan, ...change } : plan),
  });
}

Deno.test("manifestFault() accepts the manifests of render and retry --split", () => {
  assert.equal(manifestFault(sampleManifest()), null);
  assert.equal(manifestFault(cutShards(sampleManifest(), [0, 3], "2026-11-24T20:00:00.000Z")), null);
});

for (
  const [what, fault, wanted] of [
    ["an entry out of its place", withPlan(2, { shard_index: 3 }), "plans[2] has shard_index 3, wanted 2"],
    [
      "a seed that is not the toy's",
      withPlan(1, { seed: 48 }),
      "plans[1] has seed 48, wanted 47 (that of toy 5)",
    ],
    ["toys that no shard has", withPlan(1, { n_toys: 4 }), "no shard has the toys 9 to 9"],
    ["toys that two shards have", withPlan(1, { n_toys: 6 }), "toy 10 is in shard 2 and in an earlier one"],
    ["too few toys in all", withPlan(3, { n_toys: 4 }), "its shards hold 19 toys, wanted n_toys = 20"],
    [
      "pieces that are not there",
      withPlan(3, { farm: { replaced_by: [9, 10] } }),
      "plans[3] is replaced by shard 9, which is not there",
    ],
    [
      "a shard that replaces itself",
      withPlan(3, { farm: { replaced_by: [3] } }),
      "plans[3] is replaced by shard 3, which is not there",
    ],
    ["fewer entries than shards", manifestFault({ ...sampleManifest(), shards: 5 }), "it has 4 plans for 5 shards"],
  ] as const
) {
  Deno.test(`manifestFault() finds ${what}`, () => assert.equal(fault, wanted));
}

Deno.test("livePlans() leaves out entries that pieces replace", () => {
  const cut = cutShards(sampleManifest(), [1], "2026-11-24T20:00:00.000Z");
  assert.deepEqual(livePlans(cut).map((plan) => plan.shard_index), [0, 2, 3, 4, 5]);
});

Deno.test("isFarmManifest() accepts only a manifest with everything that a shard of ours needs", () => {
  const whole: Manifest = sampleManifest();
  assert.ok(isFarmManifest(whole));
  const needed = [
    "farm",
    "scheduler",
    "config",
    "threads",
    "shards",
    "nextstat_bin",
    "run_dir",
  ];
  for (const name of needed) {
    const rest = Object.fromEntries(Object.entries(whole).filter(([key]) => key !== name));
    assert.ok(!isFarmManifest(Manifest.parse(rest)), name);
  }
  assert.ok(!isFarmManifest({ ...whole, threads: "auto" }));
});
