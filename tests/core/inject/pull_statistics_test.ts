import assert from "node:assert/strict";
import { gaussianCoverage, rateOf, spreadOfValues } from "../../../core/inject/pull_statistics.ts";
import { DISTRIBUTIONS } from "../../../runtime/system/distributions.ts";
import { pulledToys } from "../support/pulled_toys.ts";

const near = (found: number | undefined, wanted: number, most = 1e-12) =>
  assert(found !== undefined && Math.abs(found - wanted) <= most, `${found}, wanted ${wanted}`);

Deno.test("mean, width and median of four values are those of the closed forms, with their errors", () => {
  const spread = spreadOfValues(Float64Array.of(-3, -1, 1, 7));
  near(spread?.mean.value, 1);
  // s^2 = (16 + 4 + 0 + 36) / 3
  const width = Math.sqrt(56 / 3);
  near(spread?.width.value, width);
  near(spread?.mean.error, width / 2);
  // m4 = (256 + 16 + 0 + 1296) / 4 = 392, s^4 = (56 / 3)^2
  const variance = (392 - (56 / 3) ** 2 / 3) / 4;
  near(spread?.width.error, Math.max(Math.sqrt(variance) / (2 * width), width / Math.sqrt(8)));
  near(spread?.median.value, 1);
});

Deno.test("one value, or equal ones, have no width", () => {
  assert.equal(spreadOfValues(Float64Array.of(1)), null);
  assert.equal(spreadOfValues(Float64Array.of(2, 2, 2)), null);
  assert.equal(spreadOfValues(new Float64Array()), null);
});

Deno.test("the stated errors of mean, width and median are the scatter of many repeats", () => {
  const repeats = Array.from({ length: 2000 }, (_, i) => {
    const { poi_hat } = pulledToys({ n: 200, draw: i / 2000 }).output;
    const spread = spreadOfValues(poi_hat);
    assert(spread);
    return spread;
  });
  for (const name of ["mean", "width", "median"] as const) {
    const found = spreadOfValues(Float64Array.from(repeats, (one) => one[name].value));
    const stated = repeats.reduce((sum, one) => sum + one[name].error / repeats.length, 0);
    near(stated / (found?.width.value ?? NaN), 1, 0.08);
  }
});

Deno.test("a rate has the Clopper-Pearson interval", () => {
  const { p, interval: [low, high] } = rateOf(0, 10, DISTRIBUTIONS);
  assert.deepEqual([p, low], [0, 0]);
  // P(0 of 10) = (1 - high)^10 is half of what an interval of 68 % leaves out.
  near((1 - high) ** 10, (1 - 0.682689492137086) / 2, 1e-9);
  assert.equal(rateOf(10, 10, DISTRIBUTIONS).interval[1], 1);
});

Deno.test("coverage of Gaussian pulls is 68.27 and 95.45 %, less with a bias, and less for wider pulls", () => {
  const coverage = (limit: number, mean: number, width: number) =>
    gaussianCoverage(limit, { mean, width }, DISTRIBUTIONS);
  near(coverage(1, 0, 1), 0.6826894921, 1e-9);
  near(coverage(2, 0, 1), 0.9544997361, 1e-9);
  near(coverage(2, 0, 2), 0.6826894921, 1e-9);
  near(coverage(1, 1, 1), 0.4772498681, 1e-9);
});
