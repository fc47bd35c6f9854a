import assert from "node:assert/strict";
import type { AttemptTime } from "../../core/attempt_time.ts";
import { describeTimes } from "../../core/collected.ts";
import { paceOf, progressLine } from "../../core/progress.ts";
import { runTimes } from "../../core/run_times.ts";

function ran(shard_index: number, start: number, end: number): AttemptTime {
  const [started_ms, finished_ms] = [start * 1000, end * 1000];
  const known = { is_committed: true, shard_index, n_toys: 10, scheduler: "local", host: "n1" };
  return { ...known, started_ms, finished_ms, clock_offset_s: 0, wall_s: end - start, cpu_s: 1 };
}

const times = (...attempts: AttemptTime[]) => runTimes({ attempts, lost_attempts: 0, submissions: [], elapsed_s: [] });

Deno.test("the rate of a running run is toys / makespan, and gives the time left", () => {
  const pace = paceOf(times(ran(0, 100, 110), ran(1, 100, 112)), 30, true);
  assert.deepEqual(pace, { toys_per_s: 20 / 12, since_pause: false, left_s: 18 });
});

Deno.test("after an interruption the rate is that of the last session and says so, and at the end there is none", () => {
  const all = [ran(0, 100, 110), ran(1, 5000, 5005), ran(2, 5005, 5010)];
  assert.deepEqual(paceOf(times(...all), 10, true), { toys_per_s: 2, since_pause: true, left_s: 5 });
  assert.deepEqual(paceOf(times(...all), 0, false), { toys_per_s: null, since_pause: false, left_s: null });
  assert.deepEqual(paceOf(times(...all), 10, false), { toys_per_s: null, since_pause: false, left_s: null });
});

Deno.test("the time left is unknown while nothing runs or nothing is done", () => {
  assert.equal(paceOf(times(ran(0, 0, 10)), 10, false).left_s, null);
  assert.deepEqual(paceOf(times(), 10, true), { toys_per_s: null, since_pause: false, left_s: null });
});

Deno.test("the last line of progress and the summary of a run have the same rate", () => {
  for (const all of [[ran(0, 100, 110), ran(1, 102, 117.3)], [ran(0, 100, 110), ran(1, 900, 910)]]) {
    const found = times(...all);
    const line = progressLine({ total: 2, done: 2, running: 0, failed: 0, pace: paceOf(found, 0, false) }, 0);
    const rate = (text: string) => /[\d.]+ toys\/s/.exec(text)?.[0];
    assert.equal(rate(line), rate(describeTimes(found)));
  }
});
