import assert from "node:assert/strict";
import { putNothing, putValues, readShardOutput } from "../../../core/output.ts";
import { sampleFrame } from "../../fixtures/output.ts";
import { planOf, sampleManifest } from "../../fixtures/run.ts";

const manifest = sampleManifest();

Deno.test("pulls exist for converged toys with sigma > 0, each at its toy's index", () => {
  const frame = sampleFrame(manifest, planOf(manifest, 0));
  frame.results.poi_hat = [1.5, 1.5, 1.5, null, 0.5];
  frame.results.poi_sigma = [0.25, 0, 0.25, 0.25, 0.5];
  frame.results.converged = [true, true, false, null, true];
  const values = { poi_hat: new Float64Array(7).fill(9), pulls: new Float64Array(7).fill(9) };
  putValues(values, 1, readShardOutput(frame));
  assert.deepEqual([...values.poi_hat], [9, 1.5, 1.5, 1.5, NaN, 0.5, 9]);
  assert.deepEqual([...values.pulls], [9, 2, NaN, NaN, NaN, -1, 9]);
});

Deno.test("a missing output leaves its toys without values, and does not affect others", () => {
  const values = { poi_hat: Float64Array.of(1, 2, 3), pulls: Float64Array.of(1, 2, 3) };
  putNothing(values, 1, 1);
  assert.deepEqual([[...values.poi_hat], [...values.pulls]], [[1, NaN, 3], [1, NaN, 3]]);
});
