import assert from "node:assert/strict";
import type { FarmError } from "../../core/errors.ts";
import { checkShardCount, cutShards, extendPlans, MAX_SHARDS, shardsForExtension } from "../../core/toys.ts";
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

Deno.test("an extension appends shards whose seeds follow the run's last seed, or start at the given one", () => {
  const added = (fresh?: number) => {
    const { n_toys, plans, farm } = extendPlans(sampleManifest(), 5, 2, AT, fresh);
    return [
      n_toys,
      plans.slice(4).map((plan) => [plan.shard_index, plan.toy_start, plan.n_toys, plan.seed]),
      farm.history,
    ];
  };
  const entry = { at_utc: AT, shards: [4, 5], n_toys_before: 20 };
  assert.deepEqual(added(), [
    25,
    [[4, 20, 3, 62], [5, 23, 2, 65]],
    [{ ...entry, change: "extended by 5 toys, seeds 62 to 66" }],
  ]);
  assert.deepEqual(added(100), [
    25,
    [[4, 20, 3, 100], [5, 23, 2, 103]],
    [{ ...entry, change: "extended by 5 toys, seeds 100 to 104", seed: 100 }],
  ]);
});

Deno.test("seeds up to 2^53 - 1 can be given, not beyond", () => {
  const last = Number.MAX_SAFE_INTEGER;
  assert.equal(extendPlans(sampleManifest(), 5, 1, AT, last - 5).n_toys, 25);
  assert.throws(() => extendPlans(sampleManifest(), 5, 1, AT, last - 4), /must stay below 2\^53/);
});

Deno.test("a run has room for 100000 shards, and the error says what to do instead", () => {
  checkShardCount(1, MAX_SHARDS - 1);
  const wordsOf = (n_before: number) => {
    try {
      checkShardCount(MAX_SHARDS + 1, n_before);
    } catch (error) {
      const { message, next } = error as FarmError;
      return [message, next];
    }
  };
  const refused = "Cannot make 100001 shards: a run has at most 100000";
  assert.deepEqual(wordsOf(0), [refused, "Put more toys into each: --shards 100000 or fewer"]);
  assert.deepEqual(wordsOf(99_998), [
    `${refused} and this one has 99998`,
    "Put more toys into each: --shards 2 or fewer",
  ]);
  assert.deepEqual(wordsOf(MAX_SHARDS), [`${refused} and this one has 100000`, "Render a new run with --seed next"]);
});
