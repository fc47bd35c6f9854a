import assert from "node:assert/strict";
import { suspectNodes } from "../../core/failure.ts";
import type { ShardState } from "../../core/schema/enums.ts";

const shards = (...ends: [string | null, ShardState][]) => ends.map(([node, state]) => ({ node, state }));

Deno.test("a node that failed all its shards while another one finished some is suspect", () => {
  const ends = shards(["e1", "done"], ["e1", "failed"], ["e2", "failed"], ["e2", "failed"], [null, "failed"]);
  assert.deepEqual(suspectNodes(ends), [{ node: "e2", failed: 2 }]);
});

Deno.test("no node is suspect after one failure, after one success, or if every node fails", () => {
  assert.deepEqual(suspectNodes(shards(["e1", "done"], ["e2", "failed"])), []);
  assert.deepEqual(suspectNodes(shards(["e1", "done"], ["e2", "failed"], ["e2", "failed"], ["e2", "done"])), []);
  assert.deepEqual(suspectNodes(shards(["e1", "failed"], ["e1", "failed"], ["e2", "failed"])), []);
});
