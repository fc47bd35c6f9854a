import fc from "fast-check";
import assert from "node:assert/strict";
import { shouldYield } from "../../../runtime/worker/next.ts";

const shards = (n: number) => Array.from({ length: n }, () => 10);
const idle = (ms_per_toy: number) => ({ ms_per_toy, free_in_ms: 0 });
const busy = (ms_per_toy: number, free_in_ms: number) => ({ ms_per_toy, free_in_ms });

Deno.test("a slot a third as fast takes a shard as long as two faster ones need longer for the rest", () => {
  const others = [busy(1, 5), busy(1, 9)];
  assert.equal(shouldYield(3, shards(5), others), false);
  assert.equal(shouldYield(3, shards(3), others), true);
});

Deno.test("a slot takes a shard if there are no other slots, or only slower or equal ones", () => {
  assert.equal(shouldYield(3, shards(1), []), false);
  assert.equal(shouldYield(3, shards(1), [idle(4), idle(3)]), false);
});

Deno.test("a slot takes a shard that the busy others would finish later", () => {
  assert.equal(shouldYield(3, shards(1), [busy(1, 15)]), true);
  assert.equal(shouldYield(3, shards(1), [busy(1, 25)]), false);
});

Deno.test("scatter of the measured times is no reason to leave a shard", () => {
  assert.equal(shouldYield(1.05, shards(1), [idle(1)]), false);
});

Deno.test("one of several free slots takes the next shard, however fast each is", () => {
  const paces = fc.array(fc.double({ min: 0.01, max: 1000, noNaN: true }), { minLength: 1, maxLength: 12 });
  const toys = fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 30 });
  fc.assert(fc.property(paces, toys, (all, left) => {
    const slots = all.map(idle);
    assert(all.some((pace, at) => !shouldYield(pace, left, slots.filter((_, i) => i !== at))));
  }));
});
