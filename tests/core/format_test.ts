import fc from "fast-check";
import assert from "node:assert/strict";
import {
  clockTime,
  duration,
  fineDuration,
  namedShards,
  percent,
  plural,
  rangesText,
  shardRanges,
  shortDuration,
  significant,
  tableNumber,
  textTable,
  threadsText,
} from "../../core/format.ts";

for (
  const [seconds, text] of [
    [0, "0.0 s"],
    [8.44, "8.4 s"],
    [9.96, "10 s"],
    [59.4, "59 s"],
    [59.7, "1 min 0 s"],
    [119.6, "2 min 0 s"],
    [200, "3 min 20 s"],
    [3599.7, "1 h 0 min"],
    [7500, "2 h 5 min"],
    [360_000, "100 h 0 min"],
  ] as const
) {
  Deno.test(`duration() shows ${seconds} s as ${text}`, () => assert.equal(duration(seconds), text));
}

Deno.test("duration() never shows 60 s or 60 min", () => {
  fc.assert(fc.property(fc.double({ min: 0, max: 1e6, noNaN: true }), (seconds) => {
    assert.doesNotMatch(duration(seconds), /\b60 (s|min)\b/);
  }));
});

Deno.test("significant() shows four digits without an exponent", () => {
  const shown = [412.06, 0.012345, 3, 12345.6, 999.96, 0, 1e-9, Infinity].map(significant);
  assert.deepEqual(shown, ["412.1", "0.01235", "3.000", "12346", "1000", "0", "0.000000", "Infinity"]);
});

Deno.test("Shares have one decimal below 10 %, and never read 10.0 %", () => {
  assert.deepEqual([0, 0.0123, 0.0994, 0.0996, 0.5, 1].map(percent), [
    "0.0 %",
    "1.2 %",
    "9.9 %",
    "10 %",
    "50 %",
    "100 %",
  ]);
  fc.assert(fc.property(fc.double({ min: 0, max: 1, noNaN: true }), (share) => {
    assert.notEqual(percent(share), "10.0 %");
  }));
});

Deno.test("Time limits are whole seconds as HH:MM:SS, rounded before they are cut", () => {
  assert.deepEqual([0, 59.7, 3599.6, 90_061].map(clockTime), ["00:00:00", "00:01:00", "01:00:00", "25:01:01"]);
});

Deno.test("seconds have the number of digits that their use needs", () => {
  assert.deepEqual([0.414, 8.44, 200].map(shortDuration), ["0.41 s", "8.4 s", "3 min 20 s"]);
  const fine = [0.000412, 0.0412, 0.412, 8.412, 41.2, 200].map(fineDuration);
  assert.deepEqual(fine, ["0.41 ms", "41.2 ms", "412 ms", "8.41 s", "41.2 s", "3 min 20 s"]);
  assert.deepEqual([8.4123, 841.23].map(tableNumber), ["8.412", "841.2"]);
});

Deno.test("plural() uses the singular only for 1", () => {
  assert.deepEqual([0, 1, 2].map((n) => plural(n, "shard")), ["0 shards", "1 shard", "2 shards"]);
});

Deno.test("rangesText() includes every number, in ranges", () => {
  assert.equal(rangesText([7, 3, 0, 1, 2, 9, 10]), "0-3, 7, 9-10");
  fc.assert(fc.property(fc.uniqueArray(fc.nat(60)), (numbers) => {
    const named = rangesText(numbers).split(", ").filter((word) => word !== "").flatMap((word) => {
      const [from = 0, to = from] = word.split("-").map(Number);
      return Array.from({ length: to - from + 1 }, (_, i) => from + i);
    });
    assert.deepEqual(named, numbers.toSorted((a, b) => a - b));
  }));
});

Deno.test("one shard is named in the singular, more in the plural", () => {
  assert.deepEqual([namedShards([3]), namedShards([4, 5, 6, 7])], ["shard 3", "shards 4-7"]);
});

Deno.test("shardRanges() shows at most twelve ranges, and counts the others", () => {
  assert.equal(shardRanges([3, 1, 2, 7]), "1-3, 7");
  assert.equal(shardRanges(Array.from({ length: 20 }, (_, i) => 2 * i)).endsWith("22 and 8 more"), true);
  fc.assert(fc.property(fc.uniqueArray(fc.nat(80)), (shards) => {
    const text = shardRanges(shards);
    const more = Number(/ and (\d+) more$/.exec(text)?.[1] ?? 0);
    const words = text.replace(/ and \d+ more$/, "").split(", ").filter((word) => word !== "");
    const named = words.flatMap((word) => {
      const [from = 0, to = from] = word.split("-").map(Number);
      return Array.from({ length: to - from + 1 }, (_, i) => from + i);
    });
    assert.ok(words.length <= 12);
    assert.equal(named.length + more, shards.length);
    assert.deepEqual(named, shards.toSorted((a, b) => a - b).slice(0, named.length));
  }));
});

Deno.test("a duplicate number is in its range once", () => {
  assert.equal(rangesText([1, 2, 2, 3, 9], ","), "1-3,9");
  assert.equal(shardRanges([4, 4]), "4");
});

Deno.test("columns of a table are aligned; a long last cell moves no other", () => {
  const rows = [["host", "ok", "load", "nextstat"], ["n1", "yes", "0.25", "0.10.1"], [
    "node12",
    "no",
    "no route to host at all",
  ]];
  assert.deepEqual(textTable(rows), [
    "host    ok   load  nextstat",
    "n1      yes  0.25  0.10.1",
    "node12  no   no route to host at all",
  ]);
  assert.deepEqual(textTable([["shards", "toys/s"], ["8", "1.5", "<-"]], { align: "rr", indent: "  " }), [
    "  shards  toys/s",
    "       8     1.5  <-",
  ]);
  assert.deepEqual(textTable([]), []);
});

for (
  const [threads, text] of [
    ["0", "a thread for each CPU of a job"],
    ["1", "1 thread per shard"],
    ["8", "8 threads per shard"],
    ["physical", "threads physical"],
  ] as const
) {
  Deno.test(`--threads ${threads} reads as ${text}`, () => assert.equal(threadsText(threads), text));
}
