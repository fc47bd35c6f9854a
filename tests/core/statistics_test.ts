import fc from "fast-check";
import assert from "node:assert/strict";
import { fractionWithin, moments, quantileRank, quantiles } from "../../core/statistics.ts";

const finite = fc.double({ noNaN: true, noDefaultInfinity: true });

Deno.test("moments() equals nextstat 0.10.1 on these ten toys, to the last digit", () => {
  // Seed 42, 10 toys of gauss_exp_10k.json, --threads 1.
  const poi_hat = Float64Array.of(
    0.979995927117944,
    1.0361410475665878,
    1.0263858215770119,
    0.9975041202572488,
    1.0078365310208675,
    0.9889607509602548,
    1.0048377255113505,
    1.0243393659104785,
    0.9833527144003398,
    1.0215756210658768,
  );
  assert.deepEqual(moments(poi_hat), {
    n_ok: 10,
    mean: 1.0070929625387959,
    std: 0.01856718118714399,
    q16: 0.9833527144003398,
    q50: 1.0078365310208675,
    q84: 1.0263858215770119,
  });
});

Deno.test("moments() ignores values that are not finite, and is null without finite values", () => {
  assert.deepEqual(moments(Float64Array.of(NaN, 2, Infinity)), { n_ok: 1, mean: 2, std: 0, q16: 2, q50: 2, q84: 2 });
  assert.equal(moments(Float64Array.of(NaN, -Infinity)), null);
  assert.equal(moments(new Float64Array(0)), null);
});

Deno.test("quantileRank() rounds halves away from zero", () => {
  assert.equal(quantileRank(2, 0.5), 1);
  assert.equal(quantileRank(4, 0.5), 2);
  assert.equal(quantileRank(6, 0.16), 1);
  assert.equal(quantileRank(10, 0.84), 8);
  assert.equal(quantileRank(1, 0.84), 0);
});

Deno.test("quantiles() of many values are the sorted values at their ranks, and do not change the input", () => {
  const many = fc.array(finite, { minLength: 1, maxLength: 50 }).chain((values) =>
    fc.record({ values: fc.constant(values), times: fc.integer({ min: 1, max: 3 }) })
  );
  fc.assert(fc.property(many, ({ values, times }) => {
    // Beyond 4,096 values the buckets are used.
    const all = Float64Array.from({ length: times * 2500 }, (_, i) => values[(i * 7) % values.length] ?? 0);
    const before = Float64Array.from(all);
    const sorted = all.toSorted();
    const ps = [0, 0.16, 0.5, 0.84, 1];
    const wanted = ps.map((p) => sorted[quantileRank(all.length, p)] ?? NaN);
    assert.ok(quantiles(all, ps).every((value, i) => value === wanted[i]));
    assert.deepEqual(all, before);
  }));
});

Deno.test("fractionWithin() counts values nearer to zero than the limit", () => {
  assert.equal(fractionWithin(Float64Array.of(-0.5, 1, 1.5, 0.9), 1), 0.5);
});
