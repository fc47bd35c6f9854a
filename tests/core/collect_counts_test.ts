import assert from "node:assert/strict";
import { describeCollected } from "../../core/collected.ts";

Deno.test("a collection always counts ok and failed, other states only if there are any", () => {
  assert.equal(describeCollected({ total: 4, ok: 4, failed: 0, other: {} }), "4/4 shards ok, 0 failed");
  assert.equal(
    describeCollected({ total: 9, ok: 4, failed: 1, other: { running: 3, lost: 1 } }),
    "4/9 shards ok, 1 failed, 3 running, 1 lost",
  );
});
