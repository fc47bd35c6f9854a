import fc from "fast-check";
import assert from "node:assert/strict";
import { equalFault, isEqualNumber } from "../../../core/merge/equal.ts";
import { readShardOutput } from "../../../core/output.ts";
import { sampleFrame } from "../../fixtures/output.ts";
import { planOf, sampleManifest } from "../../fixtures/run.ts";

const manifest = sampleManifest();
const plan = planOf(manifest, 1);

/** The output of a shard after `change` has had its way with the document. */
function outputOf(change: (frame: ReturnType<typeof sampleFrame>) => void = () => {}) {
  const frame = sampleFrame(manifest, plan);
  change(frame);
  return readShardOutput(frame);
}

Deno.test("an output is Equal to itself, and to one that differs by less than the tolerance", () => {
  assert.equal(equalFault(outputOf(), outputOf(), "same"), null);
  const near = outputOf((frame) => frame.results.nll = frame.results.nll.map((value) => Number(value) * (1 + 1e-9)));
  assert.equal(equalFault(outputOf(), near, "other"), null);
  assert.match(equalFault(outputOf(), near, "same") ?? "", /^nll\[0\] is .* in one and .* in the other$/);
});

for (
  const [what, change, wanted] of [
    ["the seed", (frame) => frame.gen.seed = 43, "the seed differs"],
    ["the size of the run", (frame) => frame.gen.n_toys = 21, "the run's n_toys differs"],
    ["the shard", (frame) => frame.shard = null, "the shard differs"],
    ["the generation point", (frame) => frame.gen.point = "mle", "the generation point differs"],
    ["an override", (frame) => frame.gen.overrides = { mu: 1 }, "the generation overrides differs"],
    ["the parameters", (frame) => frame.parameter_names = ["mu", "sigma"], "the parameter list differs"],
    ["the POI", (frame) => frame.poi_index = 1, "the POI differs"],
    ["poi_true", (frame) => frame.results.poi_true = 1.1, "poi_true differs"],
    ["a generated value", (frame) => frame.gen.params = [1, 0.6], "gen.params differ"],
    [
      "an estimate",
      (frame) => frame.results.poi_hat = frame.results.poi_hat.with(2, 7),
      "poi_hat[2] is 1.049 in one and 7 in the other",
    ],
    [
      "a toy that errored",
      (frame) => frame.results.nll = frame.results.nll.with(4, null),
      "nll[4] is 510 in one and NaN in the other",
    ],
  ] satisfies [string, (frame: ReturnType<typeof sampleFrame>) => void, string][]
) {
  Deno.test(`a difference in ${what} is found in either order`, () => {
    assert.equal(equalFault(outputOf(), outputOf(change), "other"), wanted);
    assert.notEqual(equalFault(outputOf(change), outputOf(), "other"), null);
  });
}

Deno.test("overrides in another order are Equal", () => {
  const of = (overrides: Record<string, number>) => outputOf((frame) => frame.gen.overrides = overrides);
  assert.equal(equalFault(of({ a: 1, b: 2 }), of({ b: 2, a: 1 }), "same"), null);
});

Deno.test("a toy that errored in both is Equal", () => {
  const broken = () => outputOf((frame) => frame.results.poi_hat = frame.results.poi_hat.with(0, null));
  assert.equal(equalFault(broken(), broken(), "same"), null);
});

Deno.test("isEqualNumber() is symmetric, a number equals itself, and NaN equals only NaN", () => {
  fc.assert(fc.property(fc.double(), fc.double(), fc.constantFrom("same", "other"), (x, y, where) => {
    assert.ok(isEqualNumber(x, x, where));
    assert.equal(isEqualNumber(x, y, where), isEqualNumber(y, x, where));
    if (Number.isNaN(x) !== Number.isNaN(y)) assert.ok(!isEqualNumber(x, y, where));
    if (isEqualNumber(x, y, "same")) assert.ok(isEqualNumber(x, y, "other"));
  }));
});
