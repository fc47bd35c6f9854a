import assert from "node:assert/strict";
import { readGrid } from "../../../core/scan/grid.ts";

Deno.test("values of mu are read from steps with both ends, or from a list, in ascending order", () => {
  assert.deepEqual(readGrid("--mu", "0:1:0.25", 2), [0, 0.25, 0.5, 0.75, 1]);
  assert.deepEqual(readGrid("--mu", "0.1:0.4:0.1", 2), [0.1, 0.2, 0.3, 0.4]);
  assert.deepEqual(readGrid("--mu", "2,0.5,1", 2), [0.5, 1, 2]);
});

for (
  const [text, wanted] of [
    ["0:3", /wanted three numbers/],
    ["0:3:0.7", /TO is not reached by whole steps/],
    ["3:0:1", /wanted FROM below TO/],
    ["0:1:0.0001", /it has 10001 values, more than 1000/],
    ["1,a", /"a" is no number/],
    ["1,1", /1 is there twice/],
    ["1", /at least 2 values/],
  ] satisfies [string, RegExp][]
) Deno.test(`--mu "${text}" is refused`, () => assert.throws(() => readGrid("--mu", text, 2), wanted));
