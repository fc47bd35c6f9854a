import assert from "node:assert/strict";
import { CAUSES } from "../../core/contracts/kinds.ts";
import { stopsWorker, triesAgain } from "../../core/retry_policy.ts";

Deno.test("a worker loop tries a killed fit and a lost output once more by itself, and nothing else", () => {
  assert.deepEqual(CAUSES.filter((cause) => triesAgain(cause, 1)), ["signal", "output"]);
  assert.deepEqual(CAUSES.filter((cause) => triesAgain(cause, 2)), []);
});

Deno.test("what lies in the machine or the run stops a worker loop, what lies in the shard does not", () => {
  assert.deepEqual(CAUSES.filter(stopsWorker), ["disk", "spawn", "version"]);
});
