import assert from "node:assert/strict";
import type { ShardState } from "../../core/contracts/kinds.ts";
import { suspectHosts } from "../../core/suspect_hosts.ts";

const on = (host: string, ...states: ShardState[]) => states.map((state) => ({ state, host }));

Deno.test("a host on which all shards failed is suspected when others did them", () => {
  const shards = [...on("n1", "failed", "failed", "failed"), ...on("n2", "done", "failed")];
  assert.deepEqual(suspectHosts(shards), [{ host: "n1", failed: 3 }]);
});

Deno.test("a host that has done a shard, or failed few, is not; nor is any where nothing is done at all", () => {
  assert.deepEqual(suspectHosts([...on("n1", "failed", "failed", "failed", "done"), ...on("n2", "done")]), []);
  assert.deepEqual(suspectHosts([...on("n1", "failed", "failed"), ...on("n2", "done")]), []);
  assert.deepEqual(suspectHosts([...on("n1", "failed", "failed", "failed"), ...on("n2", "failed")]), []);
  assert.deepEqual(suspectHosts([...on("n1", "timed_out", "timed_out", "timed_out"), ...on("n2", "done")]), []);
});
