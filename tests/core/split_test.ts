import fc from "fast-check";
import assert from "node:assert/strict";
import {
  checkShardCount,
  cutRange,
  MAX_SHARDS,
  shardsForSlots,
  splitToys,
  splitWords,
  type ToyRange,
} from "../../core/toys.ts";

const split = fc.integer({ min: 1, max: 5000 }).chain((n) =>
  fc.record({ n: fc.constant(n), k: fc.integer({ min: 1, max: n }) })
);

/** What nextstat does for `--shard I/K`, as measured (facts of 0.10.1): count and start by its own formula. */
function asNextstat(n: number, k: number, i: number): ToyRange {
  return { count: Math.trunc(n / k) + (i < n % k ? 1 : 0), start: i * Math.trunc(n / k) + Math.min(i, n % k) };
}

/** How many ranges hold each toy of [from, from + n). */
function held(ranges: ToyRange[], from: number, n: number): number[] {
  const counts = new Uint32Array(n);
  for (const { start, count } of ranges) {
    for (let toy = start; toy < start + count; toy++) counts[toy - from] = (counts[toy - from] ?? 0) + 1;
  }
  return [...counts];
}

Deno.test("splitToys() splits as nextstat --shard does, the first shards one toy longer", () => {
  assert.deepEqual(splitToys(10, 4).map(({ count }) => count), [3, 3, 2, 2]);
  fc.assert(fc.property(split, ({ n, k }) => {
    assert.deepEqual(splitToys(n, k), Array.from({ length: k }, (_, i) => asNextstat(n, k, i)));
  }));
});

Deno.test("splitToys() puts every toy into exactly one shard, and leaves no shard empty", () => {
  fc.assert(fc.property(split, ({ n, k }) => {
    const ranges = splitToys(n, k);
    assert.equal(ranges.length, k);
    assert.ok(ranges.every(({ count }) => count >= 1));
    assert.ok(held(ranges, 0, n).every((times) => times === 1));
  }));
});

Deno.test("splitToys() refuses more shards than toys, and names the maximum", () => {
  assert.throws(() => splitToys(3, 4), {
    kind: "usage",
    message: "Cannot split 3 toys into 4 shards: every shard needs at least one toy",
    next: "Use --shards 3 or fewer",
  });
});

Deno.test("cutRange() cuts a range into pieces with each toy once, at most one piece per toy", () => {
  const range = fc.record({ start: fc.nat(1000), count: fc.integer({ min: 1, max: 300 }) });
  fc.assert(fc.property(range, fc.integer({ min: 1, max: 10 }), (range, pieces) => {
    const cut = cutRange(range, pieces);
    assert.equal(cut.length, Math.min(pieces, range.count));
    assert.ok(held(cut, range.start, range.count).every((times) => times === 1));
  }));
});

Deno.test("more shards than a run can have are refused with the number to give", () => {
  assert.equal(splitToys(MAX_SHARDS, MAX_SHARDS).length, MAX_SHARDS);
  assert.throws(() => splitToys(5_000_000, 5_000_000), { kind: "usage", next: /--shards 100000 or fewer/ });
  assert.doesNotThrow(() => checkShardCount(MAX_SHARDS - 4, 4));
  assert.throws(() => checkShardCount(MAX_SHARDS - 3, 4), { kind: "usage", next: /--shards 99996 or fewer/ });
});

Deno.test("by default there are 20 shards per slot, with at least 10 toys each", () => {
  const counts = (toys: number[]) => toys.map((n) => shardsForSlots(n, 2));
  assert.deepEqual(counts([1, 9, 19, 60, 399, 400, 401, 1_000_000]), [1, 1, 1, 6, 39, 40, 40, 40]);
});

Deno.test("a split is described in words, also with a single shard or equal shards", () => {
  const words = (...counts: number[]) => splitWords({ seed: 42, plans: counts.map((n_toys) => ({ n_toys })) });
  assert.equal(words(4, 3, 3), "10 toys in 3 shards of 3 to 4 toys, seeds 42 to 51");
  assert.equal(words(5, 5), "10 toys in 2 shards of 5 toys, seeds 42 to 51");
  assert.equal(words(10), "10 toys in 1 shard of 10 toys, seeds 42 to 51");
});
