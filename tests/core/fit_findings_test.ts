// @ts-types="@types/d3-array"
import { deviation } from "d3-array";
// @ts-types="@types/d3-random"
import { randomLcg, randomNormal } from "d3-random";
import assert from "node:assert/strict";
import { FALSE_ALARM, fitFindings, type FittedToys, sigmasOfT, toysOnBounds } from "../../core/fit_findings.ts";

/** Toys of a Gaussian fit that is kept within its bounds. */
function gaussianToys(n: number, seed: number, { truth = 1, sigma = 0.026, bounds = [0, 5] as [number, number] } = {}) {
  const draw = randomNormal.source(randomLcg(seed))(truth, sigma);
  const poi_hat = Float64Array.from({ length: n }, () => Math.min(bounds[1], Math.max(bounds[0], draw())));
  return { poi_hat, poi_true: truth, bounds };
}

const kinds = (toys: FittedToys) => fitFindings(toys, toysOnBounds(toys)).map(({ kind, n }) => `${kind} ${n}`);
const toysOf = (values: number[], poi_true: number | null = 1, bounds: FittedToys["bounds"] = [0, 5]): FittedToys => ({
  poi_hat: Float64Array.from(values),
  poi_true,
  bounds,
});
Deno.test("Student's t is as many sigmas as a Gaussian with the same probability", () => {
  // 95 % and 99 % of each distribution (table of Student's t).
  for (const [t, freedom] of [[2.776, 4], [2.262, 9], [2.045, 29]] as const) {
    assert.ok(Math.abs(sigmasOfT(t, freedom) - 1.96) < 0.01, `${sigmasOfT(t, freedom)}`);
  }
  assert.ok(Math.abs(sigmasOfT(3.25, 9) - 2.576) < 0.01);
});

const times = (n: number, value: number) => Array<number>(n).fill(value);

Deno.test("three or more toys that are all on one bound are a finding", () => {
  assert.deepEqual(kinds(toysOf(times(24, 0))), ["lower_bound 24"]);
  assert.deepEqual(kinds(toysOf(times(3, 0))), ["lower_bound 3"]);
  assert.deepEqual(kinds(toysOf(times(10_000, 5))), ["upper_bound 10000"]);
  assert.deepEqual(kinds(toysOf(times(2, 0))), []);
  assert.deepEqual(kinds(toysOf([...times(24, 0), NaN])), ["lower_bound 24"]);
});

Deno.test("toys that are all equal away from a bound, or with unknown bounds, are a finding", () => {
  assert.deepEqual(kinds(toysOf(times(5, 0.7))), ["all_equal 5"]);
  assert.deepEqual(kinds(toysOf(times(5, 0), 1, null)), ["all_equal 5"]);
  assert.deepEqual(kinds(toysOf(times(5, 0), null, null)), ["all_equal 5"]);
});

Deno.test("half of the toys on the bound of their generation is expected, all of them is a finding", () => {
  for (const n of [10, 100, 1000, 20_000]) assert.deepEqual(kinds(gaussianToys(n, 7, { truth: 0 })), [], `${n} toys`);
  assert.deepEqual(kinds(toysOf([...times(50, 0), ...times(50, 0).map((_, i) => 0.01 + i / 1000)], 0)), []);
  assert.deepEqual(kinds(toysOf(times(21, 0), 0)), []);
  assert.deepEqual(kinds(toysOf(times(22, 0), 0)), ["lower_bound 22"]);
  assert.deepEqual(kinds(toysOf([...times(95, 0), 0.1, 0.2, 0.3, 0.4, 0.5], 0)), ["lower_bound 95"]);
});

Deno.test("some toys on a bound many sigma from their generation are a finding, one in a thousand is not", () => {
  const { poi_hat } = gaussianToys(1000, 3);
  for (const n of [10, 30, 500]) {
    assert.deepEqual(kinds(toysOf([...poi_hat.slice(n), ...times(n, 0)])), [`lower_bound ${n}`]);
    assert.deepEqual(kinds(toysOf([...poi_hat.slice(n), ...times(n, 5)])), [`upper_bound ${n}`]);
  }
  assert.deepEqual(kinds(toysOf([...poi_hat.slice(1), 0])), []);
});

Deno.test("a mean many errors from the truth is a finding, a bias of a twentieth of the spread is not", () => {
  const { poi_hat } = gaussianToys(1000, 5);
  const shifted = (by: number) => toysOf([...poi_hat].map((value) => value + by));
  assert.deepEqual(kinds(shifted(0.026)), ["mean 1000"]);
  assert.deepEqual(kinds(shifted(-0.026)), ["mean 1000"]);
  const many = gaussianToys(200_000, 5);
  assert.deepEqual(kinds({ ...many, poi_hat: many.poi_hat.map((value) => value + 0.0013) }), []);
  const [finding] = fitFindings(shifted(0.026), toysOnBounds(shifted(0.026)));
  assert(finding && Math.abs(finding.value - 1.026) < 0.005 && Math.abs((finding.error ?? 0) - 0.026 / 31.6) < 1e-4);
});

Deno.test("the error of a mean is the scatter of the toys by the root of their number", () => {
  const below = [0.99, 0.98, 0.97, 0.96, 0.95];
  const above = times(35, 2).map((value, i) => value + i / 100);
  const toys = toysOf([...below, ...above]);
  const [finding] = fitFindings(toys, toysOnBounds(toys));
  assert.deepEqual([finding?.kind, finding?.n], ["mean", 40]);
  const error = (deviation([...below, ...above]) ?? NaN) / Math.sqrt(40);
  assert.ok(Math.abs((finding?.error ?? NaN) - error) < 1e-12, `${finding?.error}`);
});

Deno.test("a mean shifted by a bound is no finding; a median far from the truth is one", () => {
  for (const sigma of [0.5, 1, 3]) assert.deepEqual(kinds(gaussianToys(20_000, 11, { sigma })), [], `sigma ${sigma}`);
  for (const sigma of [0.5, 1, 3]) {
    const unknown: FittedToys = { ...gaussianToys(20_000, 11, { sigma, bounds: [0, 1000] }), bounds: null };
    assert.deepEqual(kinds(unknown), [], `sigma ${sigma}`);
    assert.deepEqual(kinds({ ...unknown, poi_true: 1 + sigma / 2 }), ["median 20000"]);
  }
});

Deno.test("no toys, one toy and two toys give no finding", () => {
  for (const values of [[], [NaN, NaN], [0], [1], [0.9, 1.1], [0, 1]]) assert.deepEqual(kinds(toysOf(values)), []);
});

Deno.test("20,000 correct runs of 3 to 300 toys give at most two false alarms, consistent with 2.9e-7 per finding", () => {
  const alarms: string[] = [];
  for (let i = 0; i < 20_000; i++) {
    const truth = [0, 0.5, 1, 4, 5][i % 5] ?? 0;
    const sigma = [0.026, 0.2, 0.3][i % 3] ?? 1;
    const n = [3, 5, 10, 30, 100, 300][i % 6] ?? 3;
    const found = kinds(gaussianToys(n, (i + 0.5) / 20_000, { truth, sigma }));
    if (found.length > 0) alarms.push(`${found} at ${truth} ± ${sigma}`);
  }
  assert(20_000 * FALSE_ALARM < 0.1);
  assert(alarms.length <= 2, alarms.join("\n"));
});
