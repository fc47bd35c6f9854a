import fc from "fast-check";
import assert from "node:assert/strict";
import { duration } from "../../core/format.ts";
import { isProgressLine, type Progress, progressLine } from "../../core/progress.ts";

const HALF: Progress = {
  total: 40,
  done: 28,
  running: 2,
  failed: 1,
  pace: { toys_per_s: 412.06, since_pause: false, left_s: 1.456 },
};

const NO_PACE = { toys_per_s: null, since_pause: false, left_s: null };

Deno.test("the progress line has a bar, the counts, the rate and the time left", () => {
  const words = "28/40 done, 2 running, 9 waiting, 1 failed, 412.1 toys/s, 1.5 s left";
  assert.equal(progressLine(HALF, 10), `[#######---] ${words}`);
  assert.equal(progressLine(HALF, 0), words);
  assert.equal(progressLine(HALF, 30, 80), `[######---] ${words}`, "as wide as the terminal has room");
});

Deno.test("a progress line is known again in a log, and no other line is", () => {
  for (const width of [0, 10, 30]) assert(isProgressLine(progressLine(HALF, width)));
  for (const line of ["", "slurmstepd: error: done", "w1: 2 slots x 1 thread"]) assert(!isProgressLine(line));
});

Deno.test("an unknown rate or time left is not printed", () => {
  assert.equal(progressLine({ ...HALF, pace: NO_PACE }, 0), "28/40 done, 2 running, 9 waiting, 1 failed");
});

Deno.test("a rate since an interruption is labelled", () => {
  const pace = { ...HALF.pace, since_pause: true };
  assert.match(progressLine({ ...HALF, pace }, 0), /, 412\.1 toys\/s since the pause, 1\.5 s left$/);
});

Deno.test("held shards are not counted as failed", () => {
  const pace = { ...HALF.pace, left_s: null };
  assert.equal(
    progressLine({ ...HALF, held: 4, running: 0, total: 33, pace }, 0),
    "28/33 done, 0 running, 4 held, 1 failed, 412.1 toys/s",
  );
});

Deno.test("on a terminal of 80 columns the time left stays, other parts may go", () => {
  const counts = fc.record({ done: fc.nat(20000), running: fc.nat(2000), failed: fc.nat(999), held: fc.nat(99) });
  const pace = fc.record({
    toys_per_s: fc.double({ min: 0.001, max: 1e6, noNaN: true }),
    since_pause: fc.boolean(),
    left_s: fc.double({ min: 0, max: 1e6, noNaN: true }),
  });
  fc.assert(fc.property(counts, pace, fc.integer({ min: 79, max: 200 }), (some, pace, columns) => {
    const line = progressLine({ ...some, total: 25000, pace }, 30, columns);
    assert.ok(line.length <= columns, line);
    assert.ok(line.endsWith(` ${duration(pace.left_s)} left`), line);
  }));
  assert.match(progressLine(HALF, 12, 70), /^28\/40 done, .*412\.1 toys\/s, 1\.5 s left$/);
  assert.match(progressLine(HALF, 12, 99), /^\[#{8}-{4}\] 28/);
});

Deno.test("the bar has its width, is full only when all shards are done, and never shrinks", () => {
  const some = fc.integer({ min: 1, max: 3000 }).chain((total) =>
    fc.tuple(fc.constant(total), fc.nat(total), fc.nat(60))
  );
  fc.assert(fc.property(some, ([total, done, width]) => {
    const filled = (n: number) => /^\[(#*)(-*)\]/.exec(progressLine({ ...HALF, total, done: n }, width + 4)) ?? [];
    const [whole = "", full = ""] = filled(done);
    assert.equal(whole.length, width + 6);
    assert.equal(full.length === width + 4, done === total);
    assert.ok(full.length >= (filled(Math.max(0, done - 1))[1]?.length ?? 0));
  }));
});
