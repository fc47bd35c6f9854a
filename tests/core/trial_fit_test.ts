import assert from "node:assert/strict";
import { atBounds, trialWarnings } from "../../core/trial_fit.ts";
import type { TrialFit } from "../../core/schema/manifest.ts";
import { readSpecModel } from "../../core/spec.ts";
import { gaussExpSpec } from "../../scripts/make_inputs.ts";

const FINE: TrialFit = {
  at_bounds: [],
  warnings: [],
  channels: [{ name: "main", n_events: 2_000_000, least: 1_500_000, most: 4_000_000 }],
  toy: { poi: "mu", poi_true: 1, poi_hat: 0.9972 },
};
const MU_0 = { name: "mu", bound: "lower", value: 0 } as const;
const words = (change: Partial<TrialFit>) => trialWarnings({ trial: { ...FINE, ...change } }).join("\n");

Deno.test("the spec gives the bounds of its parameters, and the range of events of its yields", () => {
  const model = readSpecModel(gaussExpSpec("2m"));
  assert.equal(model?.poi, "mu");
  assert.deepEqual(model?.bounds.get("mu"), [0, 5]);
  assert.deepEqual(model?.channels, [{ name: "main", file: "observed_2m.parquet", least: 1.5e6, most: 4e6 }]);
});

Deno.test("yields with a parameter count with its bounds; a channel with other members is left out", () => {
  const spec = gaussExpSpec("10k");
  const [channel] = spec.channels;
  assert(channel);
  const channelsOf = (change: object) => readSpecModel({ ...spec, channels: [{ ...channel, ...change }] })?.channels;
  const process = { yield: { type: "parameter", name: "mu" } };
  assert.deepEqual(channelsOf({ processes: [process] }), [{
    name: "main",
    file: "observed.parquet",
    least: 0,
    most: 5,
  }]);
  for (const member of ["weight", "selection", "channel", "tree"]) {
    assert.deepEqual(channelsOf({ data: { file: "x.parquet", [member]: "x" } }), [], member);
  }
  const modified = { yield: { type: "fixed", value: 1, modifiers: [] } };
  assert.deepEqual(channelsOf({ processes: [modified] }), []);
  assert.deepEqual(channelsOf({ include_in_fit: false }), []);
  for (const strange of [null, 1, {}, { model: { poi: 1 } }, []]) assert.equal(readSpecModel(strange), null);
});

Deno.test("a parameter is on a bound if it has exactly its value", () => {
  const fitted = new Map([["mu", 0], ["slope", -0.001], ["width", 2.5], ["free", 1]]);
  const bounds = new Map<string, [number, number]>([["mu", [0, 5]], ["slope", [-0.1, -0.001]], ["width", [0.5, 10]]]);
  assert.deepEqual(atBounds(fitted, bounds), [MU_0, { name: "slope", bound: "upper", value: -0.001 }]);
});

Deno.test("a good trial gives no warning, nor does a missing one", () => {
  assert.equal(words({}), "");
  assert.deepEqual(trialWarnings(undefined), []);
  assert.equal(words({ at_bounds: null, toy: { poi: "mu", poi_true: 1, poi_hat: 0 } }), "");
  assert.equal(words({ channels: [{ name: "main", n_events: 1_494_000, least: 1_500_000, most: 4_000_000 }] }), "");
});

Deno.test("observed data and a trial toy that both end on bounds give a warning with advice", () => {
  const text = words({ at_bounds: [MU_0], toy: { poi: "mu", poi_true: 1, poi_hat: 0 } });
  assert.match(text, /the fit of the observed data ends on the lower bound of mu \(0\)/);
  assert.match(text, /the trial toy, generated at mu = 1, ends there too/);
  assert.match(text, /starts as long as the yields \(--starts 2\), name observed data in the spec that fit its yields/);
});

Deno.test("an observed fit at mu = 0 with a good trial toy gives a note only", () => {
  assert.equal(words({ at_bounds: [MU_0] }), "the fit of the observed data ends on the lower bound of mu (0)");
  const generated_there = words({ at_bounds: [MU_0], toy: { poi: "mu", poi_true: 0, poi_hat: 0 } });
  assert.equal(generated_there, "the fit of the observed data ends on the lower bound of mu (0)");
});

Deno.test("observed events that no yields within their bounds can give are a warning", () => {
  for (const n_events of [10_000, 1_490_000, 4_020_000]) {
    const text = words({ channels: [{ name: "main", n_events, least: 1_500_000, most: 4_000_000 }] });
    assert.match(text, new RegExp(`"main" has ${n_events} observed events, and yields of 1500000 to 4000000`));
  }
});

Deno.test("the gradient of an observed fit is named where it has not come to a minimum", () => {
  assert.equal(words({ final_grad_norm: 0.0035 }), "");
  assert.match(words({ final_grad_norm: 2.18 }), /has not come to a minimum: its final_grad_norm is 2\.18$/);
});

Deno.test("a run with starts has no warning of where the fit of the observed data ends", () => {
  const starts = { asked: 1, k: 1, list: [], files: [], n_candidates: 8, n_valid: 1, n_trial_toys: 60 };
  assert.deepEqual(trialWarnings({ trial: { ...FINE, at_bounds: [MU_0] }, starts }), []);
});
