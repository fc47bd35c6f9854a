import assert from "node:assert/strict";
import { settleWorkspace } from "../../../runtime/observed/settle.ts";
import { REQUEST, sampleManifest } from "../../fixtures/run.ts";

const settle = (check: boolean, workload: string) =>
  settleWorkspace(
    { ...REQUEST, workload, mu: 1, check },
    sampleManifest(),
    { distributions: [], metadata: {} },
    "/none",
  );

Deno.test("a workspace of another format than pyhf's is not checked, which is said where checks are wanted", async () => {
  const { farm, workspace, notes } = await settle(true, "hypotest-toys");
  assert.deepEqual([farm, workspace], [{}, null]);
  assert.match(notes.join("\n"), /^the fit of the observed data and the starts of toys are not checked: /);
  assert.deepEqual((await settle(false, "hypotest-toys")).notes, []);
  assert.deepEqual((await settle(true, "unbinned-hypotest-toys")).notes, []);
});
