import assert from "node:assert/strict";
import { changeOptions } from "../../core/request.ts";
import { exampleManifest } from "../fixtures/context.ts";

Deno.test("a changed option is in the manifest, and in its history with the earlier value", () => {
  const before = exampleManifest(2, { options: { "condor-request-memory": "1GB" } });
  const changes = { "condor-request-memory": "2GB", "condor-requirements": "(a)" };
  const { farm } = changeOptions(before, changes, "retried", "2026-01-01T00:00:00.000Z");
  assert.deepEqual(farm.options, changes);
  assert.deepEqual(farm.history, [{
    at_utc: "2026-01-01T00:00:00.000Z",
    change: "retried with --condor-request-memory 1GB → 2GB, --condor-requirements (none) → (a)",
  }]);
});

Deno.test("an option with its present value changes nothing", () => {
  const before = exampleManifest(2, { options: { mode: "transfer" } });
  assert.equal(changeOptions(before, { mode: "transfer" }, "submitted", ""), before);
});
