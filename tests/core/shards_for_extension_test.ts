import assert from "node:assert/strict";
import { cutShards, shardsForExtension } from "../../core/toys.ts";
import { planOf, sampleManifest } from "../fixtures/run.ts";

const AT = "2026-11-24T20:00:00.000Z";

Deno.test("more toys come in shards of about the size of the run's, at least one, and none without a toy", () => {
  const manifest = sampleManifest({ n_toys: 20, shards: 4 });
  assert.deepEqual([1, 5, 6, 20, 101].map((n) => shardsForExtension(manifest, n)), [1, 1, 2, 4, 21]);
  assert.equal(shardsForExtension(sampleManifest({ n_toys: 2, shards: 2 }), 3), 3);
});

Deno.test("the pieces of cut shards do not count for the size", () => {
  const cut = cutShards(cutShards(sampleManifest(), [0, 1, 2], AT), [4, 5], AT);
  assert.equal(shardsForExtension(cut, 20), 4);
});

Deno.test("after --shard-minutes the size is that of the live shards, without the probes", () => {
  const manifest = sampleManifest({ n_toys: 42, shards: 3, farm: { shard_minutes: 5 } });
  const [probe, whole, live] = [0, 1, 2].map((i) => planOf(manifest, i));
  assert.ok(probe && whole && live);
  const plans = [
    { ...probe, n_toys: 2, farm: { probe: true as const } },
    { ...whole, n_toys: 30, farm: { replaced_by: [2] } },
    { ...live, n_toys: 10 },
  ];
  assert.equal(shardsForExtension({ ...manifest, plans }, 20), 2);
});
