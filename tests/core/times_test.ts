import fc from "fast-check";
import assert from "node:assert/strict";
import { areTimesKnown, type AttemptTime, attemptTime, onOneClock } from "../../core/attempt_time.ts";
import { mostAtOnce, runTimes, type TimeFacts } from "../../core/run_times.ts";
import { planOf, sampleManifest, sampleRecord } from "../fixtures/run.ts";

/** An attempt from `start` to `end`, in seconds, that gave shard `i` its result. */
function ran(i: number, start: number, end: number, change: Partial<AttemptTime> = {}): AttemptTime {
  return {
    is_committed: true,
    shard_index: i,
    n_toys: 10,
    scheduler: "slurm",
    host: "n1",
    started_ms: start * 1000,
    finished_ms: end * 1000,
    clock_offset_s: 0,
    wall_s: end - start,
    cpu_s: end - start,
    ...change,
  };
}

const times = (attempts: AttemptTime[], more: Partial<TimeFacts> = {}) =>
  runTimes({ attempts, lost_attempts: 0, submissions: [], elapsed_s: [], ...more });

const all = (n: number) => Array.from({ length: n }, (_, i) => i);

Deno.test("eight shards of 10 s on two CPUs: a makespan of 40 s in four waves, though the longest shard took 10 s", () => {
  const found = times(all(8).map((i) => ran(i, Math.floor(i / 2) * 10, Math.floor(i / 2) * 10 + 10)), {
    submissions: [{ at_ms: -5000, shards: all(8) }],
  });
  assert.equal(found.makespan_s, 40);
  assert.equal(found.max_shard_elapsed_s, 10);
  assert.deepEqual([found.waves, found.most_at_once], [4, 2]);
  assert.equal(found.toys_per_s, 2);
  assert.equal(found.turnaround_s, 45);
  assert.deepEqual(found.stretches, []);
  assert.equal(found.cpu_s, 80);
});

Deno.test("the makespan is last finish minus first start, and no shorter than the longest shard", () => {
  const span = fc.tuple(fc.nat(50), fc.integer({ min: 1, max: 50 }));
  fc.assert(fc.property(fc.array(span, { minLength: 1, maxLength: 20 }), (spans) => {
    const attempts = spans.map(([start, length], i) => ran(i, start, start + length));
    const found = times(attempts, { submissions: [{ at_ms: 0, shards: all(spans.length) }] });
    const [first, last] = [Math.min(...spans.map(([a]) => a)), Math.max(...spans.map(([a, n]) => a + n))];
    assert.equal(found.makespan_s, last - first);
    assert.ok((found.max_shard_elapsed_s ?? Infinity) <= last - first);
    assert.equal(found.turnaround_s, last);
  }));
});

Deno.test("waves are the shards / largest number that ran at one time", () => {
  const span = fc.tuple(fc.nat(12), fc.integer({ min: 1, max: 6 }));
  fc.assert(fc.property(fc.array(span, { minLength: 1, maxLength: 15 }), (spans) => {
    const at = (second: number) => spans.filter(([start, n]) => start <= second && second < start + n).length;
    const most = Math.max(...all(20).map(at));
    assert.equal(times(spans.map(([start, n], i) => ran(i, start, start + n))).waves, Math.ceil(spans.length / most));
  }));
});

Deno.test("a submit host whose clock is behind moves no turnaround, and hides no interruption", () => {
  const behind = (at_s: number, shards: number[]) => ({ at_ms: (at_s - 3600) * 1000, offset_s: -3600, shards });
  const ahead = { clock_offset_s: 100 };
  assert.equal(times([ran(0, 110, 120, ahead)], { submissions: [behind(0, [0])] }).turnaround_s, 20);
  const two = [ran(0, 10, 20), ran(1, 111, 130, { ...ahead, host: "n2" })];
  assert.equal(times(two, { submissions: [behind(0, [0, 1])] }).turnaround_s, 30);
  const found = times([ran(0, 0, 10), ran(1, 3600, 3620)], { submissions: [behind(0, [0]), behind(3590, [1])] });
  assert.deepEqual([found.makespan_s, found.stretches.length], [null, 2]);
  const unknown = [ran(0, 110, 120, { clock_offset_s: null })];
  assert.equal(times(unknown, { submissions: [{ at_ms: 100_000, offset_s: -3600, shards: [0] }] }).turnaround_s, 20);
});

Deno.test("an interrupted run has sessions, but no makespan and no rate of its own", () => {
  const found = times([ran(0, 0, 10), ran(1, 3600, 3620)], {
    submissions: [{ at_ms: 0, shards: [0] }, { at_ms: 3_590_000, shards: [1] }],
  });
  assert.equal(found.makespan_s, null);
  assert.equal(found.toys_per_s, null);
  assert.deepEqual(found.stretches.map((one) => [one.makespan_s, one.n_shards, one.toys_per_s]), [[10, 1, 1], [
    20,
    1,
    0.5,
  ]]);
  assert.equal(found.turnaround_s, 3620);
});

Deno.test("a session in which every attempt failed leaves the run one session, with its makespan", () => {
  const failed = { is_committed: false, scheduler: "local" };
  const attempts = [0, 1].map((i) => ran(i, 0, 5, failed));
  const again = [ran(0, 100, 110, { scheduler: "local" }), ran(1, 101, 120, { scheduler: "local" })];
  const found = times([...attempts, ...again], {
    submissions: [{ at_ms: 0, shards: [0, 1] }, { at_ms: 99_000, shards: [0, 1] }],
  });
  assert.deepEqual([found.makespan_s, found.toys_per_s, found.stretches], [20, 1, []]);
  assert.equal(found.turnaround_s, 120);
  assert.equal(found.failed_attempts, 2);
});

Deno.test("a pause in which shards waited in the queue belongs to the run", () => {
  const found = times([ran(0, 0, 10), ran(1, 3600, 3620)], { submissions: [{ at_ms: 0, shards: [0, 1] }] });
  assert.equal(found.makespan_s, 3620);
  assert.deepEqual(found.stretches, []);
});

Deno.test("a pause is none in which any later shard waited in the queue", () => {
  const attempts = [ran(2, 200, 210), ran(1, 100, 110), ran(0, 0, 10)];
  const found = (third_ms: number) =>
    times(attempts, {
      submissions: [{ at_ms: 0, shards: [0] }, { at_ms: 99_000, shards: [1] }, { at_ms: third_ms, shards: [2] }],
    });
  assert.deepEqual([found(0).makespan_s, found(0).stretches], [210, []]);
  assert.deepEqual(found(199_000).stretches.map(({ makespan_s }) => makespan_s), [10, 10, 10]);
});

Deno.test("a worker loop on this machine never waits, so its pause is an interruption", () => {
  const local = { scheduler: "local" };
  const found = times([ran(0, 0, 10, local), ran(1, 100, 110, local)], { submissions: [{ at_ms: 0, shards: [0, 1] }] });
  assert.equal(found.stretches.length, 2);
  assert.equal(times([ran(0, 0, 10, local), ran(1, 14, 20, local)]).stretches.length, 0);
});

Deno.test("failed attempts count as wasted CPU, lost ones only as a number", () => {
  const failed = ran(0, 0, 3, { is_committed: false, wall_s: 100 });
  const found = times([failed, ran(0, 3, 10), ran(1, 0, 5, { cpu_s: null })], { lost_attempts: 2 });
  assert.equal(found.wasted_cpu_s, 3);
  assert.equal(found.failed_attempts, 1);
  assert.equal(found.lost_attempts, 2);
  assert.equal(found.cpu_s, 7);
  assert.equal(found.max_shard_elapsed_s, 7);
  assert.equal(found.makespan_s, 10);
});

Deno.test("side files of the old wrappers give only the longest shard", () => {
  const found = times([], { elapsed_s: [3, 9, 4] });
  assert.equal(found.max_shard_elapsed_s, 9);
  assert.deepEqual([found.makespan_s, found.waves, found.turnaround_s, found.toys_per_s], [null, null, null, null]);
});

Deno.test("an invalid stamp leaves no makespan, not even for the other shards", () => {
  const found = times([ran(0, 0, 10), ran(1, NaN, 10)]);
  assert.deepEqual([found.makespan_s, found.waves, found.turnaround_s, found.toys_per_s], [null, null, null, null]);
  assert.equal(times([ran(0, NaN, 10)]).makespan_s, null);
});

Deno.test("two hosts' stamps are converted to one clock by their offsets, and the scatter is reported", () => {
  const early = [ran(0, 0, 10, { clock_offset_s: -100 }), ran(1, 10, 20, { clock_offset_s: -100.5 })];
  const late = [ran(2, 100, 110, { host: "n2", clock_offset_s: 0 })];
  const { attempts, spread_s } = onOneClock([...early, ...late]);
  assert.deepEqual(attempts.map((one) => one.started_ms), [100_250, 110_250, 100_000]);
  assert.equal(spread_s, 0.25);
  const found = times([...early, ...late], { submissions: [{ at_ms: 0, shards: [0, 1, 2] }] });
  assert.equal(found.makespan_s, 20.25);
  assert.equal(found.makespan_spread_s, 0.25);
});

Deno.test("only differences matter on one host, and a host without an offset makes the spread unknown", () => {
  assert.equal(onOneClock([ran(0, 0, 1, { clock_offset_s: 50 })]).attempts[0]?.started_ms, 0);
  assert.equal(onOneClock([ran(0, 0, 1), ran(1, 0, 1, { host: "n2", clock_offset_s: null })]).spread_s, null);
});

Deno.test("times are known where all committed attempts have them, and clocks disagree by less than the run took", () => {
  const known = (attempts: AttemptTime[], spread_s: number | null) =>
    areTimesKnown({ ...onOneClock(attempts), attempts, spread_s });
  const two = [ran(0, 0, 4), ran(1, 6, 10)];
  assert.deepEqual([null, 0, 0.4, 9, 11].map((spread_s) => known(two, spread_s)), [true, true, true, true, false]);
  assert.ok(!known([], null) && !known([ran(0, NaN, NaN), ran(1, 0, 1)], null));
  assert.ok(!known([...two, ran(2, 0, 90, { is_committed: false })], 11), "a failed attempt is no part of the run");
});

Deno.test("attemptTime() reads times and CPU from a record, with NaN for unknown ones", () => {
  const manifest = sampleManifest();
  const record = sampleRecord(manifest, planOf(manifest, 3), { cause: "exit", cpu_system_s: null });
  const time = attemptTime(record);
  assert.equal(time.is_committed, false);
  assert.equal(time.finished_ms - time.started_ms, 63);
  assert.equal(time.cpu_s, 0.057);
  assert.equal(attemptTime({ ...record, cpu_user_s: null }).cpu_s, null);
});

Deno.test("an attempt ends at its start plus its wall time, whatever its second stamp says", () => {
  const manifest = sampleManifest();
  const change = { finished_at_utc: "2026-11-24T17:30:15.536Z", wall_s: 0.526 };
  const record = sampleRecord(manifest, planOf(manifest, 0), change);
  const found = times([attemptTime(record)]);
  assert.deepEqual([found.makespan_s, found.max_shard_elapsed_s, found.waves], [0.526, 0.526, 1]);
});

Deno.test("a duration of an earlier sh wrapper is unknown if its clock was set back", () => {
  const manifest = sampleManifest();
  const change = { finished_at_utc: "2026-11-24T17:30:15.536Z", wall_s: -3599.474 };
  const record = sampleRecord(manifest, planOf(manifest, 0), { ...change, wrapper: "sh" });
  const found = times([attemptTime(record), ran(1, 0, 5)]);
  assert.deepEqual([found.makespan_s, found.max_shard_elapsed_s, found.waves], [null, null, null]);
});

Deno.test("stamps of 1970, from a node that cannot tell the time, are unknown", () => {
  const manifest = sampleManifest();
  const change = { started_at_utc: "1970-01-01T00:00:00.000Z", finished_at_utc: "1970-01-01T00:00:00.000Z" };
  const record = sampleRecord(manifest, planOf(manifest, 0), change);
  assert.equal(times([attemptTime(record), ran(1, 0, 5)]).makespan_s, null);
});

Deno.test("the turnaround is unknown if the submission is after the first start: the stamps are of two clocks", () => {
  const found = times([ran(0, 0, 10)], { submissions: [{ at_ms: 3_600_000, shards: [0] }] });
  assert.deepEqual([found.makespan_s, found.turnaround_s], [10, null]);
  const turnaround = (at_ms: number) => times([ran(0, 0, 10)], { submissions: [{ at_ms, shards: [0] }] }).turnaround_s;
  assert.deepEqual([-5000, 999, 1000].map(turnaround), [15, 9.001, null]);
});

Deno.test("the makespan is that of one clock even if the hosts' clocks differ by an hour or more", () => {
  const shard = fc.record({ start: fc.nat(1000), wall: fc.integer({ min: 1, max: 100 }), host: fc.nat(2) });
  const offsets = fc.tuple(fc.integer({ min: -9000, max: 9000 }), fc.nat(9000), fc.nat(9000));
  fc.assert(fc.property(fc.array(shard, { minLength: 1, maxLength: 20 }), offsets, (shards, off) => {
    const right = shards.map(({ start, wall, host }, i) => ran(i, start, start + wall, { host: `n${host}` }));
    const wrong = shards.map(({ start, wall, host }, i) => {
      const clock_offset_s = off[host] ?? 0;
      return ran(i, start + clock_offset_s, start + wall + clock_offset_s, {
        host: `n${host}`,
        clock_offset_s,
        wall_s: wall,
      });
    });
    assert.equal(times(wrong).makespan_s, times(right).makespan_s);
    assert.equal(times(wrong).waves, times(right).waves);
  }));
});

Deno.test("mostAtOnce() equals a count over time; a slot that becomes free at an instant is reused", () => {
  const span = fc.tuple(fc.nat(60), fc.integer({ min: 1, max: 30 }));
  fc.assert(fc.property(fc.array(span, { minLength: 1, maxLength: 30 }), (spans) => {
    const attempts = spans.map(([start, wall], i) => ran(i, start, start + wall));
    const at = (ms: number) => attempts.filter((one) => one.started_ms <= ms && ms < one.finished_ms).length;
    assert.equal(mostAtOnce(attempts), Math.max(...attempts.map((one) => at(one.started_ms))));
  }));
});
