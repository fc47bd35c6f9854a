import assert from "node:assert/strict";
import { FrameReader } from "../../../core/merge/source_facts.ts";
import { readOutputText } from "../../../core/output.ts";
import { sampleFrame } from "../../fixtures/output.ts";
import { planOf, sampleManifest } from "../../fixtures/run.ts";
import { originOf } from "../support/core_merge.ts";
import { sampleText } from "../support/samples.ts";

const manifest = sampleManifest();
const frameOf = (i: number) => sampleFrame(manifest, planOf(manifest, i));

Deno.test("equal values of several outputs are stored once, so that they can be compared by identity", () => {
  const reader = new FrameReader();
  const [a, b] = [0, 1].map((i) => reader.read(originOf(i, { inputs: [...manifest.farm.inputs] }), frameOf(i)));
  assert.ok(a && b);
  for (const key of ["parameter_names", "params", "overrides", "inputs", "unmerged"] as const) {
    assert.equal(a[key], b[key], key);
  }
  const other = reader.read(originOf(2), { ...frameOf(2), parameter_names: ["mu", "s"] });
  assert.notEqual(other.parameter_names, a.parameter_names);
  assert.equal(reader.read(originOf(3), frameOf(3)).parameter_names, a.parameter_names);
});

Deno.test("every member of nextstat's own output is merged or known not to be", () => {
  const { output } = readOutputText(sampleText("shard_0.out.json"));
  const facts = new FrameReader().read(originOf(0), output.frame);
  assert.deepEqual(facts.unmerged, []);
  assert.equal(facts.has_pulls, false);
  assert.equal(facts.counts.n_validation_error, 0);
});

Deno.test("an unknown member is reported as not merged unless it is null", () => {
  const frame = { ...frameOf(0), surprise: 1, nothing: null, summary: { mean_ci: [0, 1], other: null } };
  assert.deepEqual(new FrameReader().read(originOf(0), frame).unmerged, ["surprise", "summary.mean_ci"]);
});

Deno.test("invalid counts are unknown", () => {
  const frame = frameOf(0);
  frame.results["n_validation_error"] = -1;
  frame.results["n_computation_error"] = "0";
  const { counts } = new FrameReader().read(originOf(0), frame);
  assert.deepEqual([counts.n_validation_error, counts.n_computation_error], [null, null]);
});

Deno.test("overrides are equal in any order", () => {
  const reader = new FrameReader();
  const read = (overrides: Record<string, number>) => {
    const frame = frameOf(0);
    frame.gen.overrides = overrides;
    return reader.read(originOf(0), frame).overrides;
  };
  assert.equal(read({ b: 2, a: 1 }), read({ a: 1, b: 2 }));
});
