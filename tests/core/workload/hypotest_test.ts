import assert from "node:assert/strict";
import fc from "fast-check";
import { hypotestToys, unbinnedHypotestToys, waldCls } from "../../../core/workload/hypotest.ts";
import { countOf } from "../../../core/workload/test_output.ts";
import { clsError, type TestOutput } from "../../../core/workload/hypotest_sum.ts";
import { jsonParts } from "../../../core/merge/json_text.ts";
import { DISTRIBUTIONS } from "../../../runtime/system/distributions.ts";
import { type MadeUpTest, testText } from "../../fixtures/hypotest.ts";
import { planOf, sampleManifest } from "../../fixtures/run.ts";

const manifest = sampleManifest({
  n_toys: 400,
  seed: 7,
  shards: 4,
  farm: { workload: { name: "hypotest-toys", mu: 1 } },
});

const read = (change: MadeUpTest = {}): TestOutput => hypotestToys.parse(testText(change)).output;

Deno.test("the number of toys beyond the observed value is read exactly from the p-value that nextstat prints", () => {
  fc.assert(fc.property(fc.integer({ min: 0, max: 10_000_000 }), fc.double({ min: 0, max: 1, noNaN: true }), (n, x) => {
    const k = Math.floor(x * n);
    const printed = JSON.stringify((k + 1) / (n + 1));
    assert.equal(countOf(Number(printed), n), k);
  }));
  assert.equal(countOf(0.5000001, 3), null);
  assert.equal(countOf(0, 3), null);
  assert.equal(countOf(1.2, 3), null);
});

Deno.test("an output whose p-values are no fractions of its toys, or that contradicts itself, is no result", () => {
  assert.throws(() => hypotestToys.parse(testText().replace("0.0891", "0.0892")), /clsb = 0\.0892\d*, which is no/);
  assert.throws(() => hypotestToys.parse("{}"), /is no output of a hypothesis test/);
  assert.match(hypotestToys.selfFault(read({ cls: 0.5 })) ?? "", /^has cls = 0\.5, but clsb \/ clb = 0\.1698/);
  assert.equal(hypotestToys.selfFault(read()), null);
});

for (
  const [what, change, wanted] of [
    ["another mu", { mu: 1.5 }, /^tests mu = 1\.5, planned is 1$/],
    ["another seed", { seed: 108 }, /^starts at seed 108, planned is 107$/],
    ["fewer toys", { n: 99 }, /^holds 99 toys of each hypothesis, planned are 100$/],
  ] satisfies [string, MadeUpTest, RegExp][]
) {
  Deno.test(`an output of ${what} is not the planned shard`, () => {
    assert.equal(hypotestToys.planFault(manifest, planOf(manifest, 1), read()), null);
    assert.match(hypotestToys.planFault(manifest, planOf(manifest, 1), read(change)) ?? "", wanted);
  });
}

const merge = hypotestToys.merge!;
const added = (outputs: TestOutput[]) => merge.addUp(outputs, manifest.farm.workload, DISTRIBUTIONS);

Deno.test("counts of shards add up to those of one run of all toys", () => {
  const { lines } = added([
    read({ k_sb: 3, k_b: 52 }),
    read({ k_sb: 8, k_b: 52 }),
    read({ k_sb: 8, k_b: 41 }),
    read({ k_sb: 6, k_b: 50 }),
  ]);
  assert.deepEqual(lines, [
    "CLs    0.133 ± 0.026 at mu = 1",
    "CLs+b  0.06484, 68 % interval 0.05034 to 0.07707: 25 of 400 toys",
    "CLb    0.4888, 68 % interval 0.4613 to 0.5137: 195 of 400 toys",
  ]);
});

Deno.test("toys without a result are told apart, with the range of CLs if they had fallen on either side", () => {
  const { lines, farm } = added([read({ error: 10, k_sb: 8, k_b: 40 })]);
  const failed = JSON.parse(jsonParts(farm["failed"] ?? null).join(""));
  assert.deepEqual(failed, {
    n_error: { b: 10, sb: 10 },
    n_nonconverged: { b: 0, sb: 0 },
    cls_range: [
      9 / 101 / (51 / 101),
      19 / 101 / (41 / 101),
    ],
  });
  assert.deepEqual(lines.slice(3), [
    "90 of 100 s+b toys converged, 10 gave no result",
    "90 of 100 b-only toys converged, 10 gave no result",
    "CLs from 0.1765 to 0.4634 if the failed toys had fallen on either side",
  ]);
});

Deno.test("a test says that auxiliary data are fixed and what ties may do, in words and in its document, and a merge of merges too", () => {
  const settings = {
    ...{ name: "hypotest-toys", mu: 1, fixed_auxiliary: { parameters: ["uncorr"] } },
    tie_probability: { sb: 0.02, b: 0.05, at: "conditional_fit" as const },
  };
  const parts = [read({ k_sb: 8, k_b: 52 })];
  const { lines, farm } = merge.addUp(parts, settings, DISTRIBUTIONS);
  const members = JSON.parse(jsonParts({ ties: farm["ties"] ?? null, aux: farm["fixed_auxiliary"] ?? null }).join(""));
  const cls_range = [(9 / 101 - 0.02) / (53 / 101 + 0.05), (9 / 101 + 0.02) / (53 / 101 - 0.05)];
  assert.deepEqual(members, {
    ties: { b: 0.05, sb: 0.02, at: "conditional_fit", cls_range },
    aux: { parameters: ["uncorr"] },
  });
  assert.match(lines[3] ?? "", /^the observed counts have probability 0\.02 in s\+b and 0\.05 in b-only toys/);
  assert.match(lines[4] ?? "", /^the auxiliary data of 1 constrained parameter \(uncorr\) /);
  const again = parts.map((one) => ({
    ...one,
    fixed_auxiliary: settings.fixed_auxiliary,
    ties: settings.tie_probability,
  }));
  assert.deepEqual(merge.addUp(again, undefined, DISTRIBUTIONS).lines, lines);
  const rare = { ...settings, tie_probability: { sb: 1e-4, b: 9e-4, at: "nominal" as const } };
  assert.equal("ties" in merge.addUp(parts, rare, DISTRIBUTIONS).farm, false);
});

Deno.test("shards of another mu, or of other observed data, are not added up", () => {
  assert.equal(merge.mismatch(read(), read({ seed: 7, k_sb: 1 }), "same"), null);
  assert.match(merge.mismatch(read({ mu: 2 }), read(), "same") ?? "", /^tests mu = 2, most test 1$/);
  assert.match(merge.mismatch(read({ q: 3.91 }), read(), "other") ?? "", /^has another q_obs: 3\.91, most have 3\.9$/);
  assert.equal(merge.mismatch(read({ q: 3.9 + 1e-8 }), read(), "other"), null);
  assert.notEqual(merge.mismatch(read({ q: 3.9 + 1e-8 }), read(), "same"), null);
});

Deno.test("two outputs of one shard are equal only with the same counts", () => {
  assert.equal(hypotestToys.equalFault(read(), read(), "same"), null);
  assert.match(hypotestToys.equalFault(read(), read({ k_b: 51 }), "other") ?? "", /^52 of 100 b toys in one and 51 of/);
});

// Standard deviations of CLs over 4,000,000 draws of both counts, by numpy 2 (default_rng(1), binomial).
for (
  const [p_sb, n_sb, p_b, n_b, std] of [
    [0.025, 20_000, 0.5, 20_000, 0.0022344],
    [0.05, 2000, 0.5, 2000, 0.010009],
    [0.005, 10_000, 0.1, 10_000, 0.0072178],
    [0.02, 500, 0.4, 500, 0.015937],
  ] satisfies [number, number, number, number, number][]
) {
  Deno.test(`the error of CLs = ${p_sb} / ${p_b} by ${n_sb} toys each is the scatter of drawn tests`, () => {
    const error = clsError({ p: p_sb, n: n_sb }, { p: p_b, n: n_b });
    assert(Math.abs(error / std - 1) < 0.004, `${error}, drawn ${std}`);
  });
}

/** Returns least and greatest CLs over all sides on which the failed toys of each hypothesis may fall. */
function everyCls(n: number, error: number, odd: number, k: Record<"sb" | "b", number>): [number, number] {
  const ps = (k: number) =>
    Array.from({ length: 2 * odd + error + 1 }, (_, i) => k - odd + i)
      .filter((one) =>
        one >= 0 && one <= n + error && one >= k - Math.min(odd, k) && one <= k + Math.min(odd, n - k) + error
      )
      .map((one) => (one + 1) / (n + error + 1));
  const all = ps(k.sb).flatMap((sb) => ps(k.b).map((b) => Math.min(1, sb / b)));
  return [Math.min(...all), Math.max(...all)];
}

Deno.test("the range of CLs is that of all sides on which failed toys and those that did not converge may fall", () => {
  const toys = fc.record({
    n: fc.integer({ min: 1, max: 12 }),
    error: fc.nat(4),
    odd: fc.nat(4),
    sb: fc.nat(12),
    b: fc.nat(12),
  });
  fc.assert(fc.property(toys, ({ n, error, ...some }) => {
    const [odd, sb, b] = [Math.min(some.odd, n), Math.min(some.sb, n), Math.min(some.b, n)];
    const text = testText({ n: n + error, error, k_sb: sb, k_b: b }).replace(
      '"n_nonconverged":{"b":0,"sb":0}',
      `"n_nonconverged":{"b":${odd},"sb":${odd}}`,
    );
    const { farm } = added([hypotestToys.parse(text).output]);
    const { cls_range } = JSON.parse(jsonParts(farm["failed"] ?? null).join(""));
    assert.deepEqual(cls_range, everyCls(n, error, odd, { sb, b }));
  }));
});

Deno.test("Wald's approximation gives CLs of a test without p-values, and none where the fit exceeds mu", () => {
  const found = waldCls(4, 2, 1, DISTRIBUTIONS);
  assert(found !== null && Math.abs(found.clsb - 0.02275) < 1e-5 && Math.abs(found.clb - 0.97725) < 1e-5);
  assert.equal(waldCls(0, 1, 1.2, DISTRIBUTIONS), null);
});

Deno.test("each kind of test has the flags of its nextstat command, and needs --mu", () => {
  const paths = { nextstat: "n", config: "c", out: "o", metrics: "m" };
  const words = (one: typeof hypotestToys) => one.command(manifest, planOf(manifest, 1), paths, 2).join(" ");
  assert.equal(words(hypotestToys), "n hypotest-toys --input c --mu 1 --n-toys 100 --seed 107 --threads 2 -o o");
  assert.equal(
    words(unbinnedHypotestToys),
    "n unbinned-hypotest-toys --config c --mu 1 --n-toys 100 --seed 107 --threads 2 --json-metrics m -o o",
  );
  assert.throws(() => hypotestToys.settings({ mu: undefined }), /Cannot run hypotest-toys without --mu/);
});
