import assert from "node:assert/strict";
import fc from "fast-check";
import { duration, type Progress, progressLine, secondsLeft, significant } from "../../core/progress_line.ts";

const HALF: Progress = {
  total: 40,
  done: 28,
  running: 2,
  failed: 1,
  toys_done: 1400,
  toys_total: 2000,
  toys_per_s: 412.06,
};

Deno.test("the line of progress has a bar, the counts, the rate and the time left", () => {
  const words = "28/40 done, 2 running, 9 waiting, 1 failed, 412.1 toys/s, 1.5 s left";
  assert.equal(progressLine(HALF, 10), `[#######---] ${words}`);
  assert.equal(progressLine(HALF, 0), words);
});

Deno.test("while nothing has finished neither a rate nor a time left is told, and at the end no time left", () => {
  assert.equal(progressLine({ ...HALF, toys_per_s: null }, 0), "28/40 done, 2 running, 9 waiting, 1 failed");
  assert.equal(secondsLeft({ ...HALF, toys_per_s: 0 }), null);
  assert.equal(secondsLeft({ ...HALF, toys_done: 2000 }), null);
});

Deno.test("held shards are no failed ones, and while nothing runs no time left is told", () => {
  assert.equal(
    progressLine({ ...HALF, held: 4, running: 0, total: 33 }, 0),
    "28/33 done, 0 running, 4 held, 1 failed, 412.1 toys/s",
  );
});

Deno.test("the bar has its width, is full only when all is done, and never turns back", () => {
  const some = fc.integer({ min: 1, max: 3000 }).chain((total) =>
    fc.tuple(fc.constant(total), fc.nat(total), fc.nat(60))
  );
  fc.assert(fc.property(some, ([total, done, width]) => {
    const filled = (n: number) => /^\[(#*)(-*)\]/.exec(progressLine({ ...HALF, total, done: n }, width + 1)) ?? [];
    const [whole = "", full = ""] = filled(done);
    assert.equal(whole.length, width + 3);
    assert.equal(full.length === width + 1, done === total);
    assert.ok(full.length >= (filled(Math.max(0, done - 1))[1]?.length ?? 0));
  }));
});

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
