import fc from "fast-check";
import assert from "node:assert/strict";
import { splitByWeight } from "../../core/toys.ts";

Deno.test("toys are split by weight, one more for the largest remainders, ties to the earlier", () => {
  const counts = (n: number, weights: number[]) => splitByWeight(n, weights).map(({ index, count }) => [index, count]);
  assert.deepEqual(counts(10, [1, 1, 1]), [[0, 4], [1, 3], [2, 3]]);
  assert.deepEqual(counts(2, [1, 1, 1, 1]), [[0, 1], [1, 1]]);
  assert.deepEqual(counts(50, [3, 1, 1.5]), [[0, 27], [1, 9], [2, 14]]);
  assert.deepEqual(counts(1, [1, 2]), [[1, 1]]);
  assert.deepEqual(counts(1000, [64, 10]), [[0, 865], [1, 135]]);
});

Deno.test("for any weights each toy is in one share, and no share differs from its quota by a toy or more", () => {
  const weight = fc.double({ min: 0.01, max: 1000, noNaN: true });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 100000 }), fc.array(weight, { minLength: 1, maxLength: 50 }), (n, all) => {
      const shares = splitByWeight(n, all);
      let next = 0;
      for (const { start, count, index } of shares) {
        assert.equal(start, next);
        assert(count >= 1);
        const quota = n * (all[index] ?? 0) / all.reduce((sum, one) => sum + one, 0);
        assert(Math.abs(count - quota) < 1 + 1e-6);
        next += count;
      }
      assert.equal(next, n);
    }),
  );
});
