import fc from "fast-check";
import assert from "node:assert/strict";
import { jsonParts } from "../../../core/merge/json_text.ts";
import { summarise, summaryJson } from "../../../core/merge/summary.ts";
import { mergeSet } from "../support/core_merge.ts";
import { sampleText } from "../support/samples.ts";

const { set } = mergeSet([{ toy_start: 0, seed: 42, text: sampleText("unsharded_20.out.json") }]);
const close = (a: number, b: number) => Math.abs(a - b) <= 1e-12 * Math.max(1, Math.abs(a), Math.abs(b));

/** The same summary by the shortest way to write it down. */
function naive(all: number[]) {
  const values = all.filter(Number.isFinite);
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  const sorted = [...values].sort((a, b) => a - b);
  const rank = (p: number) => sorted[Math.round(p * (sorted.length - 1) + 1e-12)] ?? NaN;
  const std = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length);
  return { n_ok: values.length, mean, std, q16: rank(0.16), q50: rank(0.5), q84: rank(0.84) };
}

const value = fc.oneof({ weight: 9, arbitrary: fc.double({ min: -1e3, max: 1e3, noNaN: true }) }, {
  weight: 1,
  arbitrary: fc.constant(NaN),
});

Deno.test("the summary of a set equals a naive computation", () => {
  fc.assert(fc.property(fc.array(value, { minLength: 1, maxLength: 200 }), fc.array(value), (poi_hat, pulls) => {
    fc.pre(poi_hat.some(Number.isFinite));
    const found = summarise({ poi_hat: Float64Array.from(poi_hat), pulls: Float64Array.from(pulls) }, set.sources);
    const wanted = naive(poi_hat);
    for (const key of ["n_ok", "mean", "std", "q16", "q50", "q84"] as const) {
      assert.ok(close(found.poi_hat?.[key] ?? NaN, wanted[key]), `${key} ${found.poi_hat?.[key]} ${wanted[key]}`);
    }
    const finite = pulls.filter(Number.isFinite);
    assert.equal(found.pull === null, finite.length === 0);
    if (found.pull) {
      assert.equal(found.pull.frac_abs_lt_1, finite.filter((pull) => Math.abs(pull) < 1).length / finite.length);
      assert.ok(close(found.pull.mean, naive(pulls).mean));
    }
  }));
});

Deno.test("the POI's pulls by parameter equal those of its toys, to the last digit", () => {
  const pulls = Float64Array.of(-1.5, 0.25, NaN, 0.5);
  const { pull, pulls_by_param } = summarise({ poi_hat: Float64Array.of(1, 1, 1, 1), pulls }, set.sources);
  assert.equal(pulls_by_param.mean[0], pull?.mean);
  assert.equal(pulls_by_param.std[0], pull?.std);
  assert.equal(pulls_by_param.n_ok[0], 3);
  assert.equal(pulls_by_param.mean[1], null);
});

Deno.test("a set in which no toy has an estimate has no summary", () => {
  const nothing = { poi_hat: Float64Array.of(NaN), pulls: Float64Array.of(NaN) };
  assert.equal(summaryJson(summarise(nothing, set.sources), false), null);
});

Deno.test("the summary has nextstat's members, with null for an interval that cannot be merged", () => {
  const text = jsonParts(summaryJson(set.summary, true)).join("");
  const { mean_ci, ...rest } = JSON.parse(text);
  assert.equal(mean_ci, null);
  assert.deepEqual(rest, JSON.parse(sampleText("unsharded_20.out.json")).summary);
});
