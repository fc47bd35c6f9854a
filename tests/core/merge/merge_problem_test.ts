import assert from "node:assert/strict";
import fc from "fast-check";
import { rangesText } from "../../../core/format.ts";
import { problemLines } from "../../../core/merge/merge_problem.ts";

Deno.test("rangesText() names every number, in ranges", () => {
  assert.equal(rangesText([7, 3, 0, 1, 2, 9, 10]), "0-3, 7, 9-10");
  fc.assert(fc.property(fc.uniqueArray(fc.nat(60)), (numbers) => {
    const named = rangesText(numbers).split(", ").filter((word) => word !== "").flatMap((word) => {
      const [from = 0, to = from] = word.split("-").map(Number);
      return Array.from({ length: to - from + 1 }, (_, i) => from + i);
    });
    assert.deepEqual(named, numbers.toSorted((a, b) => a - b));
  }));
});

Deno.test("shards with the same problem share a line, others have their own", () => {
  const missing = (i: number) => ({ shard_index: i, what: `shard_${i}.out.json is not there` });
  assert.deepEqual(
    problemLines([
      missing(3),
      missing(4),
      missing(5),
      { shard_index: 7, what: "shard_7.out.json is empty" },
      { shard_index: null, what: "no shard has the seeds 1 to 2" },
    ]),
    [
      "shards 3-5: shard_<i>.out.json is not there",
      "shard 7: shard_7.out.json is empty",
      "no shard has the seeds 1 to 2",
    ],
  );
});

Deno.test("of many different problems the first twenty are shown, and where the rest is", () => {
  const lines = problemLines(
    Array.from({ length: 50 }, (_, i) => ({ shard_index: i, what: `problem ${i} of its own` })),
  );
  assert.equal(lines.length, 21);
  assert.equal(lines.at(-1), "and 30 more (--json has them all)");
});
