import fc from "fast-check";
import assert from "node:assert/strict";
import { clopperPearson, fractionWithin, moments, quantileRank, quantiles } from "../../core/statistics.ts";
import { DISTRIBUTIONS } from "../../runtime/system/distributions.ts";

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

Deno.test("the interval of a probability is that of Clopper and Pearson", () => {
  const [least, most] = clopperPearson(0, 10, DISTRIBUTIONS, 0.95);
  assert.equal(least, 0);
  assert(Math.abs(most - (1 - 0.025 ** (1 / 10))) < 1e-8);
  assert.deepEqual(clopperPearson(10, 10, DISTRIBUTIONS, 0.95)[1], 1);
  // Closed form of the table in Newcombe, Statistics in Medicine 17 (1998) 857, method 5: 81 of 263.
  const [a, b] = clopperPearson(81, 263, DISTRIBUTIONS, 0.95);
  assert(Math.abs(a - 0.2527) < 5e-5 && Math.abs(b - 0.3676) < 5e-5, `${a} ${b}`);
});

/** Rows of k, n, level and interval by scipy 1.17.1: beta.ppf((1 - level) / 2, k, n - k + 1), beta.ppf((1 + level) / 2, k + 1, n - k). */
const INTERVALS: [number, number, number, number, number][] = [
  [0, 10, 0.6826894921370859, 0, 0.1681491861379764],
  [1, 10, 0.6826894921370859, 0.017127014136728243, 0.29413538963846697],
  [1, 10, 0.95, 0.0025285785444617865, 0.4450161170281954],
  [5, 10, 0.6826894921370859, 0.3048178830085313, 0.6951821169914687],
  [10, 10, 0.95, 0.6915028921812392, 1],
  [25, 400, 0.6826894921370859, 0.05033781796749207, 0.07707209845713199],
  [195, 400, 0.6826894921370859, 0.4613249617985149, 0.5137405613927666],
  [3, 1000, 0.6826894921370859, 0.0013677283970425912, 0.0059095540473585876],
  [49584, 1_000_000, 0.6826894921370859, 0.049366867333970714, 0.04980203557256059],
  [497497, 1_000_000, 0.95, 0.49651653872389173, 0.49847747577479173],
  [1, 1_000_000, 0.6826894921370859, 1.7275376410151666e-7, 3.2995227654298157e-6],
  [999_999, 1_000_000, 0.95, 0.9999944283693448, 0.9999999746821924],
  [50, 1_000_000_000, 0.6826894921370859, 4.2952663304018504e-8, 5.8118224370564894e-8],
];
for (const [k, n, level, least, most] of INTERVALS) {
  Deno.test(`the interval of ${k} of ${n} at ${level.toFixed(2)} is that of scipy`, () => {
    const found = clopperPearson(k, n, DISTRIBUTIONS, level);
    for (const [i, exact] of [least, most].entries()) {
      const error = Math.abs((found[i] ?? NaN) - exact);
      assert(error <= 1e-6 * Math.min(exact, exact === 1 ? 1 : 1 - exact), `${found[i]}, scipy ${exact}`);
    }
  });
}

Deno.test("the tail of a normal distribution keeps its digits, so that no asymptotic CLs is 0", () => {
  const known = [[-4, 3.167124183311998e-5], [-6, 9.865876450376981e-10], [-12, 1.776482112077679e-33], [
    -20,
    2.7536241186062337e-89,
  ]];
  for (const [x = NaN, wanted = NaN] of known) {
    assert(Math.abs(DISTRIBUTIONS.normalCdf(x) / wanted - 1) < 1e-9, `${x}: ${DISTRIBUTIONS.normalCdf(x)}`);
  }
  assert.equal(DISTRIBUTIONS.normalCdf(-Infinity), 0);
});
