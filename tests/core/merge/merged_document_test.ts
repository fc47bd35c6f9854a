import fc from "fast-check";
import assert from "node:assert/strict";
import { livePlans } from "../../../core/check_manifest.ts";
import { mergedParts, sumCounts } from "../../../core/merge/merged_document.ts";
import { cutShards } from "../../../core/toys.ts";
import { inventedOutput } from "../../fixtures/output.ts";
import { inventedRun } from "../../fixtures/run.ts";
import { mergeSet, mergeTexts, type Piece } from "../support/core_merge.ts";
import { sampleText } from "../support/samples.ts";

const SHARDS: Piece[] = [0, 1, 2, 3].map((i) => ({
  toy_start: 5 * i,
  seed: 42 + 5 * i,
  text: sampleText(`shard_${i}.out.json`),
}));

/** A merged document without what an unsharded one has not. */
function unmerged(text: string): { rest: unknown; merge: unknown } {
  const { merge, ...rest } = JSON.parse(text);
  return { rest, merge };
}

Deno.test("four shards of nextstat merge to nextstat's own unsharded document, byte for byte", () => {
  const merged = mergeTexts(SHARDS);
  const own = sampleText("unsharded_20.out.json").trimEnd();
  const without_merge = merged.slice(0, merged.indexOf(',\n  "merge": {')) + "\n}";
  assert.equal(without_merge, own);
});

Deno.test("however a run is split and cut, its outputs merge to the arrays, counts and summary of the whole", () => {
  const run = fc.integer({ min: 1, max: 120 }).chain((n_toys) =>
    fc.record({
      n_toys: fc.constant(n_toys),
      shards: fc.integer({ min: 1, max: Math.min(n_toys, 12) }),
      seed: fc.nat(10_000),
      pulls: fc.boolean(),
      cuts: fc.array(fc.nat(12), { maxLength: 4 }),
    })
  );
  fc.assert(
    fc.property(run, ({ cuts, ...asked }) => {
      const whole = inventedRun("/r", asked);
      const cut = cutShards(whole, cuts, "2026-11-24T20:00:00.000Z");
      const pieces = livePlans(cut).sort((a, b) => a.toy_start - b.toy_start)
        .map((plan) => ({ toy_start: plan.toy_start, seed: plan.seed, text: inventedOutput(cut, plan) }));
      const { gen, results, summary } = JSON.parse(mergeTexts(pieces));
      const wanted = JSON.parse(inventedOutput(whole));
      assert.deepEqual({ gen, results }, { gen: wanted.gen, results: wanted.results });
      const { pulls_by_param: _, ...rest } = summary ?? {};
      const { pulls_by_param: __, ...wanted_rest } = wanted.summary ?? {};
      assert.deepEqual(rest, wanted_rest);
    }),
    { numRuns: 60 },
  );
});

Deno.test("the merge lists its sources in toy order, with their paths", () => {
  const { merge } = unmerged(mergeTexts(SHARDS));
  const { sources, n_shards, farm } = Object(merge);
  assert.equal(n_shards, 4);
  assert.deepEqual(sources[3], { shard_index: 3, host: "n1", toy_start: 15, n_toys: 5, path: "/r/shard_3.out.json" });
  assert.deepEqual(farm.seed_ranges, [{ seed: 42, n_toys: 20 }]);
  assert.deepEqual([farm.partial, farm.missing, farm.gen_spread, farm.not_merged], [false, [], null, {}]);
});

Deno.test("a partial merge lists its missing toys", () => {
  const { set } = mergeSet(SHARDS.slice(0, 3));
  const text = mergedParts({
    ...set,
    run: { seed: 42, n_toys: 20 },
    missing: [{ toy_start: 15, seed: 57, n_toys: 5 }],
    left_out: ["x"],
  })
    .filter((part) => typeof part === "string").join("");
  const { merge: { farm }, gen } = JSON.parse(text);
  assert.deepEqual([farm.partial, farm.missing, farm.left_out], [true, [{ toy_start: 15, n_toys: 5, seed: 57 }], [
    "x",
  ]]);
  assert.equal(gen.n_toys, 20);
});

Deno.test("sumCounts() adds up, and a count is unknown if one source does not know it", () => {
  const { set } = mergeSet(SHARDS);
  assert.deepEqual(sumCounts(set.sources), {
    n_toys: 20,
    n_error: 0,
    n_converged: 20,
    n_nonconverged: 0,
    n_validation_error: 0,
    n_computation_error: 0,
  });
  const [first] = set.sources;
  const unknown = { ...first, counts: { ...first.counts, n_validation_error: null } };
  assert.equal(sumCounts([unknown, first]).n_validation_error, null);
});
