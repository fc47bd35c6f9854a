import assert from "node:assert/strict";
import { hostFolder } from "../../../core/ssh/host_facts.ts";
import { sampleManifest } from "../../fixtures/run.ts";

Deno.test("two runs with the same id, and a run and its copy, have separate folders on a host", () => {
  const { run_id, farm } = sampleManifest();
  const runs = [farm, { ...farm, run_token: "00112233445566aa" }, { ...farm, copy_token: "00aa11bb" }];
  assert.equal(new Set(runs.map((farm) => hostFolder({ run_id, farm }, "w1"))).size, 3);
});

Deno.test("the folder of a host has user and port in its name, without characters that a path cannot contain", () => {
  const { run_id, farm } = sampleManifest();
  assert.equal(hostFolder({ run_id, farm }, "me@node1:2222"), `${run_id}.${farm.run_token}/me_node1_2222`);
});
