import assert from "node:assert/strict";
import { modelDifference } from "../../../core/starts/same_model.ts";

const spec = ({ init = 1, hi = 5, file = "a.parquet", base_yield = 25, format = "parquet" } = {}) => ({
  model: { poi: "mu", parameters: [{ name: "mu", init, bounds: [0, hi] }] },
  channels: [{
    name: "main",
    data: { file, format },
    processes: [{ yield: { type: "scaled", base_yield, scale: "mu" } }],
  }],
});

Deno.test("specs with other data files and other values of init are of one model", () => {
  assert.equal(modelDifference(spec(), spec({ init: 0.1, file: "b.parquet" })), null);
});

Deno.test("specs of two models differ in a member, which is named", () => {
  assert.equal(modelDifference(spec(), spec({ hi: 6 })), "model.parameters.0.bounds.1");
  assert.equal(modelDifference(spec(), spec({ base_yield: 26 })), "channels.0.processes.0.yield.base_yield");
  assert.equal(modelDifference(spec(), spec({ format: "root" })), "channels.0.data.0.format");
  assert.equal(modelDifference(spec(), { ...spec(), schema_version: "v1" }), "schema_version");
  assert.equal(modelDifference(spec(), "no spec"), "the whole spec");
});
