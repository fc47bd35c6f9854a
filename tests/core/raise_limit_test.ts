import assert from "node:assert/strict";
import { moreMemory, moreTime } from "../../core/request.ts";

Deno.test("moreMemory() gives half as much again, in M where that is no whole number of the unit", () => {
  const more = (value: string | number) => moreMemory(value, value, null);
  assert.deepEqual(["2GB", "1G", "1500", "512M", "1.5 GB", "300MB"].map(more), [
    "3GB",
    "1536M",
    "2250",
    "768M",
    "2304MB",
    "450MB",
  ]);
});

Deno.test("moreMemory() stops at a node's memory, or at 8 times the first value", () => {
  assert.equal(moreMemory("3G", "1G", 4000), "4000M");
  assert.equal(moreMemory("4G", "1G", 4000), null);
  assert.equal(moreMemory("6G", "1G", null), "8G");
  assert.equal(moreMemory("8G", "1G", null), null);
  assert.equal(moreMemory(undefined, "4GB", null), "4GB");
  assert.equal(moreMemory("a lot", "a lot", null), null);
});

Deno.test("moreTime() doubles up to the longest that the queue allows", () => {
  assert.equal(moreTime("01:00:00", null), "02:00:00");
  assert.equal(moreTime("01:00:00", 5400), "01:30:00");
  assert.equal(moreTime("01:00:00", 3600), null);
  assert.equal(moreTime(30, null), 60);
  assert.deepEqual([moreTime("01:00:00", undefined), moreTime(undefined, null), moreTime("UNLIMITED", null)], [
    null,
    null,
    null,
  ]);
});
