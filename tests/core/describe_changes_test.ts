import assert from "node:assert/strict";
import { describeChanges, type StatusShard } from "../../core/describe_status.ts";

const shard = (number: number, state: StatusShard["state"], why = ""): StatusShard => ({
  shard: number,
  state,
  why,
  host: null,
});

Deno.test("watching prints each change once, with many shards on one line", () => {
  const printed = new Map<string, Set<number>>();
  const held = [shard(0, "held", "by hand"), shard(1, "held", "by hand")];
  assert.deepEqual(describeChanges(printed, [...held, shard(2, "running"), shard(3, "queued")]), [
    "held          by hand: shards 0-1",
  ]);
  assert.deepEqual(describeChanges(printed, [...held, shard(2, "done"), shard(3, "queued")]), []);
  assert.deepEqual(describeChanges(printed, [...held, shard(2, "held", "by hand"), shard(3, "lost", "gone")]), [
    "held          by hand: shard 2",
    "lost          gone: shard 3",
  ]);
});

Deno.test("watching prints a reason to wait once, for any shards and numbers", () => {
  const printed = new Map<string, Set<number>>();
  assert.equal(describeChanges(printed, [shard(0, "queued", "e1 was matched 2 times"), shard(1, "queued")]).length, 1);
  assert.deepEqual(describeChanges(printed, [shard(1, "queued", "e1 was matched 3 times")]), []);
  assert.deepEqual(describeChanges(printed, [shard(1, "queued", "not submitted")]), []);
});
