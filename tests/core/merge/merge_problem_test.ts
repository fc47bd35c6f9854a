import assert from "node:assert/strict";
import { problemLines } from "../../../core/merge/report.ts";

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

Deno.test("the first twenty of many different problems are shown, with the file that has all", () => {
  const lines = problemLines(
    Array.from({ length: 50 }, (_, i) => ({ shard_index: i, what: `problem ${i} of its own` })),
  );
  assert.equal(lines.length, 21);
  assert.equal(lines.at(-1), "and 30 more (--json has them all)");
});
