import fc from "fast-check";
import assert from "node:assert/strict";
import { livePlans, manifestFault } from "../../core/check_manifest.ts";
import { cutShards } from "../../core/toys.ts";
import { planOf, sampleManifest } from "../fixtures/run.ts";

const AT = "2026-11-24T20:00:00.000Z";

Deno.test("a cut shard stays in the list and is replaced by two pieces at its end, with their own seeds", () => {
  const cut = cutShards(sampleManifest(), [1], AT);
  assert.deepEqual(planOf(cut, 1).farm?.replaced_by, [4, 5]);
  assert.deepEqual(
    cut.plans.slice(4).map(({ shard_index, toy_start, n_toys, seed }) => [shard_index, toy_start, n_toys, seed]),
    [[4, 5, 3, 47], [5, 8, 2, 50]],
  );
  assert.deepEqual(cut.farm.history, [{ at_utc: AT, change: "cut in two: shards 1", shards: [1] }]);
});

Deno.test("cutting changes neither its argument nor the toys of the run", () => {
  const cuts = fc.array(fc.array(fc.nat(12), { maxLength: 4 }), { maxLength: 4 });
  fc.assert(fc.property(cuts, (rounds) => {
    const before = sampleManifest({ n_toys: 23, shards: 5 });
    const copy = structuredClone(before);
    let manifest = before;
    for (const shards of rounds) manifest = cutShards(manifest, shards, AT);
    assert.equal(manifestFault(manifest), null);
    assert.equal(livePlans(manifest).reduce((sum, plan) => sum + plan.n_toys, 0), 23);
    assert.deepEqual(before, copy);
    assert.equal(manifest.farm.run_token, before.farm.run_token);
  }));
});

Deno.test("a shard of two toys is cut into two of one", () => {
  const cut = cutShards(sampleManifest({ n_toys: 8 }), [0], AT);
  assert.deepEqual(cut.plans.slice(4).map(({ toy_start, n_toys }) => [toy_start, n_toys]), [[0, 1], [1, 1]]);
});

Deno.test("a shard of one toy, one already cut and one that does not exist stay as they are", () => {
  const single = sampleManifest({ n_toys: 4, shards: 4 });
  assert.equal(cutShards(single, [0, 1], AT), single);
  const once = cutShards(sampleManifest(), [2], AT);
  assert.equal(cutShards(once, [2, 99], AT), once);
});

Deno.test("a piece can be cut again", () => {
  const twice = cutShards(cutShards(sampleManifest(), [0], AT), [4], AT);
  assert.deepEqual(planOf(twice, 4).farm?.replaced_by, [6, 7]);
  assert.equal(manifestFault(twice), null);
  assert.equal(twice.farm.history.length, 2);
});
