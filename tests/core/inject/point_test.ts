import assert from "node:assert/strict";
import { growthNeeded, type Rules, rulesOf } from "../../../core/inject/judge.ts";
import { injectPoint, type PointToys } from "../../../core/inject/point.ts";
import { spreadOfValues } from "../../../core/inject/pull_statistics.ts";
import { InjectPoint, type InjectThresholds } from "../../../core/schema/inject.ts";
import { DISTRIBUTIONS } from "../../../runtime/system/distributions.ts";
import { type Pulled, pulledToys, toysOfHats } from "../support/pulled_toys.ts";

const USUAL: InjectThresholds = { max_bias: 0.14, width_tolerance: 0.1, max_failed: 0.05, false_alarm: 0.01 };
const rules = (change: Partial<InjectThresholds> = {}, n_points = 1): Rules =>
  rulesOf({ ...USUAL, ...change }, n_points, DISTRIBUTIONS);
const judged = (toys: PointToys, by = rules()): InjectPoint => injectPoint({ value: 1, run_id: "r" }, toys, by);
const point = (pulled: Pulled, by = rules()): InjectPoint => judged(pulledToys(pulled), by);

/** Returns the share of studies of which at least one point is flagged. */
function flaggedShare(repeats: number, n_points: number, by: Rules, pulled: Omit<Pulled, "draw">): number {
  let flagged = 0;
  for (let i = 0; i < repeats; i++) {
    const points = Array.from(
      { length: n_points },
      (_, k) => point({ ...pulled, draw: (i + (k + 1) / (n_points + 1)) / repeats }, by),
    );
    if (points.some(({ verdict }) => verdict === "flagged")) flagged++;
  }
  return flagged / repeats;
}

/** Returns a share and three of its standard deviations in that many repeats. */
const atMost = (share: number, repeats: number): number => share + 3 * Math.sqrt(share * (1 - share) / repeats);

Deno.test("studies of four points with unit Gaussian pulls are flagged at no more than the stated rate", () => {
  for (const n of [50, 400]) {
    const share = flaggedShare(400, 4, rules({ false_alarm: 0.1 }, 4), { n });
    assert(share <= atMost(0.1, 400), `${share} with ${n} toys`);
  }
});

Deno.test("without any tolerance the rate of false alarms is nearly the stated one", () => {
  const strict = { max_bias: 0, width_tolerance: 0, false_alarm: 0.2 };
  const share = flaggedShare(1000, 2, rules(strict, 2), { n: 300 });
  assert(share > 0.05 && share <= atMost(0.2, 1000), `${share}`);
});

for (
  const [what, pulled] of [["mean", { mean: 0.14 }], ["width", { width: 1.1 }], ["width", { width: 0.9 }]] as const
) {
  Deno.test(`pulls whose ${what} is at its threshold, ${JSON.stringify(pulled)}, are flagged at no more than the stated rate`, () => {
    const share = flaggedShare(1000, 1, rules({ false_alarm: 0.1 }), { n: 300, ...pulled });
    assert(share > 0 && share <= atMost(0.1, 1000), `${share}`);
  });
}

for (
  const [what, pulled, reason] of [
    ["shifted", { mean: 0.4 }, /^the mean pull is 0\.\d+ ± 0\.0\d+, beyond 0\.14$/],
    ["shifted down", { mean: -0.4 }, /^the mean pull is -0\.\d+ ± 0\.0\d+, beyond 0\.14$/],
    ["narrow", { width: 0.7 }, /^the width of the pulls is 0\.\d+ ± 0\.0\d+, outside 0\.9 to 1\.1$/],
    ["wide", { width: 1.4 }, /^the width of the pulls is 1\.\d+ ± 0\.0\d+, outside 0\.9 to 1\.1$/],
  ] satisfies [string, Partial<Pulled>, RegExp][]
) {
  Deno.test(`${what} pulls are flagged in each of 100 studies of 1000 toys at four points`, () => {
    const by = rules({}, 4);
    for (let i = 0; i < 100; i++) {
      const found = point({ n: 1000, draw: i / 100, ...pulled }, by);
      assert.equal(found.verdict, "flagged");
      assert.match(found.why[0] ?? "", reason);
    }
  });
}

Deno.test("coverage alone is flagged where mean and width are right: two peaks at one sigma", () => {
  // Four of five toys at +-0.3 sigma, the others at +-2.1: mean 0, width 0.98, but 80 % within 1 sigma.
  const hats = Array.from(
    { length: 3000 },
    (_, i) => 1 + (i % 2 === 0 ? 1 : -1) * (i % 5 === 0 ? 0.21 : 0.03) + i * 1e-9,
  );
  const { verdict, why, pull_width } = judged(toysOfHats(hats, { poi_true: 1, bounds: null }));
  assert(pull_width && Math.abs(pull_width.value - 1) < 0.1);
  assert.equal(verdict, "flagged");
  assert.match(why.join("\n"), /^80 % of the pulls are within 1 sigma, outside 63 % to 73 %/);
});

Deno.test("a thousand honest toys are acceptable, with the numbers of the document's schema", () => {
  const found = point({ n: 1000, draw: 0.3 });
  assert.equal(found.verdict, "acceptable");
  assert.deepEqual([found.why, found.more_toys, found.n_toys], [[], null, 1000]);
  assert.deepEqual(InjectPoint.parse(found), found);
  assert(
    Math.abs(found.bias?.value ?? NaN) < 0.01 && Math.abs((found.bias?.error ?? NaN) - 0.1 / Math.sqrt(1000)) < 3e-4,
  );
});

Deno.test("too few toys are undecided, and as many more as are named decide", () => {
  const few = point({ n: 90, draw: 0.3 });
  assert.equal(few.verdict, "undecided");
  assert(few.more_toys !== null && few.more_toys >= 48, `${few.more_toys}`);
  assert.match(
    few.why[0] ?? "",
    /^not enough toys: about \d+ more show whether \|mean pull\| is below 0\.14 and the width 1 ± 0\.1$/,
  );
  const tiny = point({ n: 10, draw: 0.3 });
  assert.deepEqual([tiny.verdict, tiny.more_toys, tiny.why], [
    ...["undecided", 50, ["not enough toys: 10 have a pull, at least 50 are needed"]],
  ]);
});

Deno.test("the growth that is named is that of the closed form, and a mean at its threshold counts as one error away", () => {
  const values = Float64Array.from({ length: 100 }, (_, i) => i % 2 === 0 ? 1.02 : -0.98);
  const pulls = spreadOfValues(values);
  assert(pulls);
  const error = pulls.width.value / 10;
  const by_mean = (1.6449 * error / (0.14 - 0.02)) ** 2;
  const by_width = (1.6449 * pulls.width.error / pulls.width.value / Math.log(1.1 / pulls.width.value)) ** 2;
  assert(Math.abs(growthNeeded(pulls, rules()) / Math.max(by_mean, by_width) - 1) < 1e-9);
  const { alarm_sigma } = rules();
  assert(Math.abs(growthNeeded({ ...pulls, mean: { value: 0.14, error } }, rules()) - alarm_sigma ** 2) < 1e-9);
});

for (const [name, [max_bias, width_tolerance]] of [["bias", [0.02, 0.5]], ["width", [0.5, 0.02]]] as const) {
  Deno.test(`of honest fits with as many toys as were named for a tight threshold of the ${name} about half are acceptable`, () => {
    const by = rules({ max_bias, width_tolerance });
    const { verdict, more_toys } = point({ n: 400, draw: 0.5 }, by);
    assert.equal(verdict, "undecided");
    const enough = Array.from({ length: 40 }, (_, i) => point({ n: 400 + (more_toys ?? NaN), draw: i / 40 }, by));
    const share = enough.filter((one) => one.verdict === "acceptable").length / enough.length;
    assert(share > 0.3 && share < 0.8, `${share} with ${more_toys} more toys`);
  });
}

Deno.test("without any tolerance no number of toys is named", () => {
  const { verdict, why, more_toys } = point({ n: 400, draw: 0.5 }, rules({ max_bias: 0, false_alarm: 0.01 }));
  assert.deepEqual([verdict, more_toys], ["undecided", null]);
  assert.match(why[0] ?? "", /^no number of toys can show that \|mean pull\| is below 0 and/);
});

Deno.test("a biased fit is called acceptable in at most one of twenty studies", () => {
  let acceptable = 0;
  for (let i = 0; i < 1000; i++) {
    if (point({ n: 300, draw: i / 1000, mean: 0.14 }).verdict === "acceptable") acceptable++;
  }
  assert(acceptable / 1000 <= atMost(0.05, 1000), `${acceptable}`);
});

Deno.test("a POI injected on its bound has one-sided pulls: not judged, and not flagged", () => {
  for (let i = 0; i < 50; i++) {
    const found = point({ n: 1000, draw: i / 50, poi_true: 0, bounds: [0, 5] });
    assert.equal(found.verdict, "not_judged");
    assert.deepEqual(found.why, ["the POI 0 is its lower bound: the pulls are one-sided and are not judged"]);
  }
  const beside = point({ n: 1000, draw: 0.3, poi_true: 4.95, bounds: [0, 5] });
  assert.equal(beside.verdict, "not_judged");
  assert.match(beside.why[0] ?? "", /^the POI 4\.95 is 0\.\d+ sigma from its upper bound 5: the pulls are one-sided/);
  assert.equal(point({ n: 1000, draw: 0.3, poi_true: 0.25, bounds: [0, 5] }).verdict, "acceptable");
});

Deno.test("fits that stay on a bound are flagged, also where the injected value is the bound", () => {
  const stuck = judged(toysOfHats(Array<number>(200).fill(0), { poi_true: 0, bounds: [0, 5] }));
  assert.equal(stuck.verdict, "flagged");
  assert.match(stuck.why[0] ?? "", /^all 200 toys are on the lower bound of mu \(0\)/);
  const hats = Array.from({ length: 200 }, (_, i) => i < 187 ? 0 : 0.02 + i * 1e-5);
  const away = judged(toysOfHats(hats, { poi_true: 0.02, bounds: [0, 5] }));
  assert.equal(away.verdict, "flagged");
  assert.match(away.why.join("\n"), /187 of 200 toys are on the lower bound of mu/);
});

Deno.test("failed fits are a rate and have no pull, and fits without a sigma have none either", () => {
  const { failed, n_without_sigma, coverage, verdict, why } = point({
    ...{ n: 1000, draw: 0.3, failed: 150, without_sigma: 20 },
  });
  assert.deepEqual([failed?.k, failed?.n, n_without_sigma, coverage?.sigma_1.n], [150, 1000, 20, 830]);
  assert(failed && failed.interval[0] < 0.15 && failed.interval[1] > 0.15);
  assert.deepEqual([verdict, why], [
    "flagged",
    ["17 % of the fits failed (150) or have no usable sigma (20), more than 5.0 %"],
  ]);
  assert.equal(point({ n: 1000, draw: 0.3, failed: 50 }).verdict, "acceptable");
  assert.equal(point({ n: 1000, draw: 0.3, failed: 150 }, rules({ max_failed: 0.2 })).verdict, "acceptable");
});

/** Honest toys, of which the first stopped on the lower bound with a sigma 50 times too small, as nextstat prints it. */
function stoppedToys(n_stopped: number) {
  const toys = pulledToys({ n: 1000, draw: 0.3, poi_true: 1, bounds: [0, 5] });
  for (let i = 0; i < n_stopped; i++) [toys.output.poi_hat[i], toys.output.poi_sigma[i]] = [0, 0.002];
  return toys;
}

Deno.test("a few fits that stop on a bound leave the pulls of the others as they are, and many are flagged", () => {
  const few = judged(stoppedToys(2));
  assert.equal(few.n_without_sigma, 2);
  assert.deepEqual([few.verdict, few.why], ["acceptable", []]);
  assert.ok(Math.abs(few.pull_mean?.value ?? NaN) < 0.1, "their pulls of -500 are not in the mean");
  const many = judged(stoppedToys(120));
  assert.equal(many.verdict, "flagged");
  assert.equal(many.why[0], "12 % of the fits failed (0) or have no usable sigma (120), more than 5.0 %");
});

Deno.test("a run without a merged result is unfinished, and one whose fits all failed has no pulls", () => {
  const open = injectPoint({ value: 1, run_id: "r" }, null, rules());
  assert.deepEqual([open.verdict, open.why, open.n_toys], ["unfinished", ["no merged result yet"], null]);
  const { verdict, pull_mean, coverage, bias } = point({ n: 20, draw: 0.3, failed: 20 });
  assert.deepEqual([verdict, pull_mean, coverage, bias], ["flagged", null, null, null]);
});
