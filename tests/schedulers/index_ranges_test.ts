import fc from "fast-check";
import assert from "node:assert/strict";
import { formatIndexes, readIndexes } from "../../schedulers/tasks.ts";

Deno.test("readIndexes() reads back the output of formatIndexes(), sorted and unique", () => {
  fc.assert(fc.property(fc.array(fc.nat(3000), { minLength: 1 }), (indexes) => {
    const sorted = [...new Set(indexes)].sort((a, b) => a - b);
    assert.deepEqual(readIndexes(formatIndexes(indexes)), sorted);
    assert.deepEqual(readIndexes(`[${formatIndexes(indexes)}%7]`), sorted);
  }));
});

Deno.test("readIndexes() reads brackets, a throttle and steps", () => {
  assert.deepEqual(readIndexes("[3-9%3]"), [3, 4, 5, 6, 7, 8, 9]);
  assert.deepEqual(readIndexes("0-10:5,12"), [0, 5, 10, 12]);
  assert.deepEqual(readIndexes("5"), [5]);
});

Deno.test("readIndexes() refuses truncated and invalid lists", () => {
  for (const text of ["0-1,3-4,7,9,12-13,...", "[1,2", "", "a", "1-", "-1", "1--2", "0-99999999999", "1-9:0"]) {
    assert.equal(readIndexes(text), null, text);
  }
});
