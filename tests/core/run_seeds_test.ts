import assert from "node:assert/strict";
import { manifestFault } from "../../core/check_manifest.ts";
import { seedOf } from "../../core/run_seeds.ts";
import { joinRanges, missingToys } from "../../core/toy_ranges.ts";
import { cutShards, extendPlans } from "../../core/toys.ts";
import { planOf, sampleManifest } from "../fixtures/run.ts";

const AT = "2026-11-25T12:00:00.000Z";

Deno.test("an extension takes later seeds if another run has its own, and the next extension follows them", () => {
  const moved = extendPlans(sampleManifest({ n_toys: 20, shards: 4 }), 6, 2, AT, 500);
  const twice = extendPlans(moved, 4, 1, AT);
  assert.equal(manifestFault(twice), null);
  assert.deepEqual(joinRanges(twice.plans), [{ seed: 42, n_toys: 20 }, { seed: 500, n_toys: 10 }]);
  assert.deepEqual([0, 19, 20, 25, 26, 29].map((toy) => seedOf(twice, toy)), [42, 61, 500, 505, 506, 509]);
  assert.deepEqual(twice.farm.history.map(({ seed }) => seed), [500, undefined]);
  assert.match(twice.farm.history[0]?.change ?? "", /seeds 500 to 505$/);
});

Deno.test("a shard of such an extension is cut into pieces with its own seeds", () => {
  const cut = cutShards(extendPlans(sampleManifest({ n_toys: 20, shards: 4 }), 6, 1, AT, 500), [4], AT);
  assert.deepEqual([5, 6].map((shard) => planOf(cut, shard).seed), [500, 503]);
  assert.equal(manifestFault(cut), null);
});

Deno.test("unexplained and duplicate seeds are a fault of the manifest", () => {
  const good = extendPlans(sampleManifest({ n_toys: 20, shards: 4 }), 6, 1, AT, 500);
  assert.match(
    manifestFault({ ...good, farm: { ...good.farm, history: [] } }) ?? "",
    /plans\[4\] has seed 500, wanted 62/,
  );
  const shared = extendPlans(sampleManifest({ n_toys: 20, shards: 4 }), 6, 1, AT, 50);
  assert.match(manifestFault(shared) ?? "", /toys of the seed 5\d are in shard \d and in an earlier one/);
});

Deno.test("missing toys are numbered in the set, also after a gap in its seeds", () => {
  const wanted = [{ seed: 42, n_toys: 20 }, { seed: 500, n_toys: 10 }];
  assert.deepEqual(missingToys(wanted, [{ seed: 42, n_toys: 15 }, { seed: 504, n_toys: 6 }]), [
    { toy_start: 15, seed: 57, n_toys: 5 },
    { toy_start: 20, seed: 500, n_toys: 4 },
  ]);
});
