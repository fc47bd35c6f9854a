import assert from "node:assert/strict";
import {
  CountsModel,
  countsProbability,
  expectedCounts,
  type Interpolation,
  observedCounts,
} from "../../../core/workload/expected_counts.ts";
import { EVERY_MODIFIER } from "../support/workspaces.ts";

const model = CountsModel.parse(EVERY_MODIFIER);

const near = (actual: number | null | undefined, wanted: number, what: string): void =>
  assert.ok(Math.abs((actual ?? NaN) / wanted - 1) < 1e-9, `${what}: ${actual}, wanted ${wanted}`);

type Values = Record<string, number>;

const INSIDE: Values = {
  ...{ mu: 0.7, lumi: 1.02, n: 0.4, "stat_c[0]": 1.01, "stat_c[1]": 0.97, h: -0.3, kb: 0.9 },
  ...{ "u[0]": 1.05, "sf[0]": 1.3 },
};
const OUTSIDE: Values = {
  ...{ mu: 1.5, lumi: 0.98, n: -1.6, "stat_c[0]": 0.95, "stat_c[1]": 1.1, h: 1.7, kb: 1.1 },
  ...{ "u[0]": 0.9, "sf[0]": 0.8 },
};

// Model.expected_data() and mainlogpdf() of pyhf 0.7.6, with code4 and code4p, and with code1 and code0.
for (
  const [interpolation, values, expected, probability] of [
    ["root", INSIDE, [56.11192147727133, 56.44784893910452, 36.855], 6.430536385853036e-05],
    ["root", OUTSIDE, [67.33089504919612, 64.09372671483945, 23.76], 1.4824332825366138e-08],
    ["root", { mu: 0, n: -0.8, h: 0.6 }, [49.47802350927638, 47.55019713011759, 30], 3.1891454661515614e-05],
    ["pyhf", INSIDE, [56.319446021035795, 56.38959948186151, 36.855], 6.362974566908535e-05],
    ["pyhf", OUTSIDE, [67.33089504919612, 64.09372671483945, 23.76], 1.4824332825366138e-08],
    ["pyhf", { mu: 0, n: -0.8, h: 0.6 }, [49.579955367798505, 47.52191948460686, 30], 3.197932252195672e-05],
  ] satisfies [Interpolation, Values, number[], number][]
) {
  Deno.test(`expected counts at mu = ${values["mu"]}, n = ${values["n"]} with ${interpolation}'s interpolation are pyhf's`, () => {
    const found = expectedCounts(model, new Map(Object.entries(values)), interpolation);
    assert.equal(found.length, expected.length);
    for (const [i, value] of found.entries()) near(value, expected[i] ?? NaN, `bin ${i}`);
    near(countsProbability(observedCounts(model) ?? [], found), probability, "probability");
  });
}

Deno.test("the probability of counts is the product of Poisson probabilities, also of none and of many", () => {
  near(countsProbability([18], [30]), 0.005662485560975955, "18 of 30");
  near(countsProbability([0, 3], [2, 3]), Math.exp(-5) * 27 / 6, "0 of 2 and 3 of 3");
  // scipy 1.17, stats.poisson.pmf(1000000, 1000500).
  near(countsProbability([1_000_000], [1_000_500]), 0.0003520799618796076, "a million");
  assert.deepEqual([countsProbability([0], [0]), countsProbability([1], [0])], [1, 0]);
  assert.equal(countsProbability([1.5], [1]), 0, "no toy has such a count");
  assert.deepEqual([countsProbability([1], [-1]), countsProbability([1, 2], [1])], [null, null]);
});

Deno.test("a workspace without observations of a channel, or with another modifier, has no probability", () => {
  assert.equal(observedCounts({ ...model, observations: model.observations.slice(1) }), null);
  const odd = JSON.parse(JSON.stringify(EVERY_MODIFIER).replace("shapefactor", "other"));
  assert.equal(CountsModel.safeParse(odd).success, false);
});
