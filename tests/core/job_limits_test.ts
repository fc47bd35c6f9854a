import assert from "node:assert/strict";
import { memoryToRequest, moreMemory, moreTime, raisedLimit, timeToRequest } from "../../core/job_limits.ts";

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

for (
  const [time, twice] of [
    [30, 60],
    ["30", "60"],
    ["01:30:00", "03:00:00"],
    ["0:45", "00:01:30"],
    ["1-12", "72:00:00"],
    ["1-12:30", "73:00:00"],
    ["2-00:00:01", "96:00:02"],
  ] as const
) {
  Deno.test(`a retry raises the time ${time} to ${twice}`, () =>
    assert.equal(raisedLimit("time", "slurm-time", time), twice));
}

Deno.test("a retry raises memory by half, without a bound, as a recovery does", () => {
  const raised = ["2GB", "1500", "0.5 G", "512M", 3].map((now) => raisedLimit("memory", "slurm-memory", now));
  assert.deepEqual(raised, ["3GB", "2250", "768M", "768M", "5"]);
});

Deno.test("a limit that is no number cannot be raised, and the error says what to give instead", () => {
  const memory = { kind: "usage", message: /"a lot"/, next: "Give the new value: --more-memory 4GB" };
  assert.throws(() => raisedLimit("memory", "slurm-memory", "a lot"), memory);
  const time = { kind: "usage", message: /Cannot raise --slurm-time "UNLIMITED"/ };
  assert.throws(() => raisedLimit("time", "slurm-time", "UNLIMITED"), time);
});

Deno.test("what to request is a fifth above the 95th percentile, at least 5 % above the largest, and covers what a job needs besides", () => {
  assert.equal(memoryToRequest({ p95: 100, max: 110 }, 0), 150);
  assert.equal(memoryToRequest({ p95: 100, max: 200 }, 128), 350);
  assert.equal(timeToRequest({ p95: 100, max: 100 }, 1), 240);
  assert.equal(timeToRequest({ p95: 100, max: 200 }, 3), 780);
});
