import fc from "fast-check";
import assert from "node:assert/strict";
import { joinRanges, missingRanges, overlaps, type SeedRange } from "../../../core/toy_ranges.ts";

const range = fc.record({ seed: fc.nat(60), n_toys: fc.integer({ min: 1, max: 15 }) });
const ranges = fc.array(range, { maxLength: 8 });

/** The seeds that ranges hold, one by one. */
function seedsIn(list: readonly SeedRange[]): Set<number> {
  return new Set(list.flatMap(({ seed, n_toys }) => Array.from({ length: n_toys }, (_, i) => seed + i)));
}

const sorted = (seeds: Iterable<number>) => [...seeds].sort((a, b) => a - b);

Deno.test("joinRanges() has the same toys in the fewest ranges, sorted", () => {
  fc.assert(fc.property(ranges, (list) => {
    const joined = joinRanges(list);
    assert.deepEqual(sorted(seedsIn(joined)), sorted(seedsIn(list)));
    for (const [i, one] of joined.entries()) {
      const next = joined[i + 1];
      if (next) assert.ok(one.seed + one.n_toys < next.seed);
    }
  }));
});

Deno.test("missingRanges() are exactly the wanted toys that were not found", () => {
  fc.assert(fc.property(ranges, ranges, (wanted, found) => {
    const held = seedsIn(found);
    assert.deepEqual(
      sorted(seedsIn(missingRanges(wanted, found))),
      sorted([...seedsIn(wanted)].filter((seed) => !held.has(seed))),
    );
  }));
});

Deno.test("overlaps() finds a pair if and only if two ranges share a toy", () => {
  fc.assert(fc.property(ranges, (list) => {
    const total = list.reduce((sum, one) => sum + one.n_toys, 0);
    assert.equal(overlaps(list).length > 0, seedsIn(list).size < total);
    for (const { earlier, later } of overlaps(list)) {
      const mine = seedsIn([earlier]);
      assert.ok([...seedsIn([later])].some((seed) => mine.has(seed)));
    }
  }));
});

Deno.test("a range inside a long earlier one is found even behind a short one", () => {
  const list = [{ seed: 0, n_toys: 100 }, { seed: 10, n_toys: 1 }, { seed: 50, n_toys: 1 }];
  assert.deepEqual(overlaps(list).map(({ later }) => later.seed), [10, 50]);
});
