import fc from "fast-check";
import assert from "node:assert/strict";
import { type AttemptTime, attemptTime, onOneClock } from "../../core/attempt_time.ts";
import { mostAtOnce, runTimes } from "../../core/run_times.ts";
import { planOf, sampleManifest, sampleRecord } from "../fixtures/run.ts";

const BEGIN_S = Date.UTC(2026, 10, 24, 18) / 1000;

/** Where a host's clock is set: `at_s` by the true time, `by_s` forward or back. */
interface Step {
  at_s: number;
  by_s: number;
}

interface Schedule {
  walls: number[];
  slots: number;
  /** By host: all steps of its clock, and how wrong it was at first. */
  clocks: { off_s: number; steps: Step[] }[];
}

const step = fc.record({ at_s: fc.integer({ min: 0, max: 200 }), by_s: fc.integer({ min: -7200, max: 7200 }) });
const clock = fc.record({ off_s: fc.integer({ min: -9000, max: 9000 }), steps: fc.array(step, { maxLength: 3 }) });
const schedule = (hosts: number): fc.Arbitrary<Schedule> =>
  fc.record({
    walls: fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 24 }),
    slots: fc.integer({ min: 1, max: 3 }),
    clocks: fc.array(clock, { minLength: hosts, maxLength: hosts }),
  });

interface TrueRun {
  host: number;
  start_s: number;
  wall_s: number;
}

/** Each shard on the slot that is free first, 0.1 s after the last one of that slot. */
function trueRuns({ walls, slots, clocks }: Schedule): TrueRun[] {
  const free = clocks.flatMap((_, host) => Array.from({ length: slots }, () => ({ host, at_s: 0 })));
  return walls.map((wall_s) => {
    const slot = free.reduce((a, b) => b.at_s < a.at_s ? b : a);
    const start_s = slot.at_s;
    slot.at_s = start_s + wall_s + 0.1;
    return { host: slot.host, start_s, wall_s };
  });
}

/** The record of a shard by the wrong clock of its host. */
function recorded(
  run: TrueRun,
  i: number,
  { clocks }: Schedule,
  kind: "counts" | "offsets",
  jitter_s = 0,
): AttemptTime {
  const { off_s, steps } = clocks[run.host] ?? { off_s: 0, steps: [] };
  const offset = (at_s: number) => steps.reduce((sum, one) => at_s >= one.at_s ? sum + one.by_s : sum, off_s);
  const stamp = (at_s: number) => new Date((BEGIN_S + at_s + offset(at_s)) * 1000).toISOString();
  const manifest = sampleManifest();
  const boot = { boot_id: `boot-${run.host}`, started_boot_s: 5000 * (run.host + 1) + run.start_s, step_s: null };
  return {
    ...attemptTime(sampleRecord(manifest, planOf(manifest, 0), {
      scheduler: "slurm",
      host: `n${run.host}`,
      started_at_utc: stamp(run.start_s),
      finished_at_utc: stamp(run.start_s + run.wall_s),
      wall_s: run.wall_s,
      clock_offset_s: offset(run.start_s) + jitter_s,
      ...(kind === "counts" ? { clock: boot } : {}),
    })),
    shard_index: i,
  };
}

const times = (attempts: AttemptTime[]) => runTimes({ attempts, lost_attempts: 0, submissions: [], elapsed_s: [] });

function truth(runs: TrueRun[]) {
  const spans = runs.map(({ start_s, wall_s }) => ({
    started_ms: start_s * 1000,
    finished_ms: (start_s + wall_s) * 1000,
  }));
  const makespan_s = Math.max(...runs.map(({ start_s, wall_s }) => start_s + wall_s));
  return { makespan_s, waves: Math.ceil(runs.length / mostAtOnce(spans)) };
}

for (const hosts of [1, 2]) {
  for (const kind of ["counts", "offsets"] as const) {
    const by = kind === "counts" ? "the host's own count of seconds" : "offsets alone, as in earlier records,";
    Deno.test(`${by} give the true times, however often the clocks of ${hosts === 1 ? "one host" : "two hosts"} are set`, () => {
      fc.assert(fc.property(schedule(hosts), (some) => {
        const runs = trueRuns(some);
        const found = times(runs.map((run, i) => recorded(run, i, some, kind)));
        const { makespan_s, waves } = truth(runs);
        assert.ok(Math.abs((found.makespan_s ?? NaN) - makespan_s) < 0.002, `${found.makespan_s} ${makespan_s}`);
        assert.equal(found.waves, waves);
        assert.deepEqual(found.stretches, []);
        assert.ok((found.makespan_s ?? 0) + 0.001 >= (found.max_shard_elapsed_s ?? Infinity));
      }));
    });
  }
}

Deno.test("offsets that scatter move the makespan of a stepped clock by no more than they scatter", () => {
  const jitters = fc.array(fc.integer({ min: -10, max: 10 }), { minLength: 24, maxLength: 24 });
  fc.assert(fc.property(schedule(1), jitters, (some, jitter_ms) => {
    const runs = trueRuns(some);
    const attempts = runs.map((run, i) => recorded(run, i, some, "offsets", (jitter_ms[i] ?? 0) / 1000));
    const found = times(attempts);
    const { makespan_s, waves } = truth(runs);
    assert.ok(Math.abs((found.makespan_s ?? NaN) - makespan_s) <= 0.042, `${found.makespan_s} ${makespan_s}`);
    assert.equal(found.waves, waves);
  }));
});

Deno.test("a makespan is never negative and never shorter than the longest shard, for any records", () => {
  const any = fc.record({
    host: fc.nat(2),
    start_s: fc.integer({ min: -5000, max: 5000 }),
    end_s: fc.integer({ min: -5000, max: 5000 }),
    wall_s: fc.option(fc.integer({ min: -50, max: 50 })),
    clock_offset_s: fc.option(fc.integer({ min: -5000, max: 5000 })),
    at_s: fc.option(fc.integer({ min: 0, max: 9000 })),
    submitted_s: fc.integer({ min: -5000, max: 5000 }),
  });
  fc.assert(fc.property(fc.array(any, { minLength: 1, maxLength: 12 }), (all) => {
    const manifest = sampleManifest();
    const utc = (s: number) => new Date((BEGIN_S + s) * 1000).toISOString();
    const attempts = all.map(({ host, start_s, end_s, wall_s, clock_offset_s, at_s }) => {
      const stamps = { started_at_utc: utc(start_s), finished_at_utc: utc(end_s) };
      const clock = at_s === null ? {} : { clock: { boot_id: `b${host}`, started_boot_s: at_s, step_s: null } };
      const change = { host: `n${host}`, ...stamps, wall_s, clock_offset_s, ...clock };
      return attemptTime(sampleRecord(manifest, planOf(manifest, 0), change));
    });
    const submissions = all.map(({ submitted_s }) => ({ at_ms: (BEGIN_S + submitted_s) * 1000, shards: [0] }));
    const found = runTimes({ attempts, lost_attempts: 0, submissions, elapsed_s: [] });
    if (found.makespan_s !== null) assert.ok(found.makespan_s >= (found.max_shard_elapsed_s ?? Infinity));
    assert.ok((found.turnaround_s ?? 0) >= 0);
    for (const one of found.stretches) assert.ok(one.makespan_s >= 0);
    for (const rate of [found.toys_per_s, ...found.stretches.map((one) => one.toys_per_s)]) assert.ok((rate ?? 0) >= 0);
    assert.ok(found.waves === null || (found.waves >= 1 && found.waves <= all.length));
  }));
});

/** Two slots, shards of 10 s, recorded with the step of -3600 s at 15 s. */
const stepped: Schedule = {
  walls: [10, 10, 10, 10, 10, 10, 10, 10],
  slots: 2,
  clocks: [{ off_s: 0, steps: [{ at_s: 15, by_s: -3600 }] }],
};

Deno.test("a clock set back during eight shards on two slots makes no sessions, and the submission stays before them", () => {
  for (const kind of ["counts", "offsets"] as const) {
    const attempts = trueRuns(stepped).map((run, i) => recorded(run, i, stepped, kind));
    const submissions = [{ at_ms: (BEGIN_S - 2) * 1000, shards: [0, 1, 2, 3, 4, 5, 6, 7] }];
    const found = runTimes({ attempts, lost_attempts: 0, submissions, elapsed_s: [] });
    assert.deepEqual([found.makespan_s, found.waves, found.turnaround_s], [40.3, 4, 42.3]);
    assert.deepEqual(found.stretches, []);
  }
});

Deno.test("a submission on the machine's boot clock is not affected by the step", () => {
  const attempts = trueRuns(stepped).map((run, i) => recorded(run, i, stepped, "counts"));
  // Made an hour and more ago by the wall clock that was set back right after it.
  const submissions = [{ at_ms: (BEGIN_S + 3600) * 1000, boot: { id: "boot-0", at_s: 4998 }, shards: [0] }];
  assert.equal(runTimes({ attempts, lost_attempts: 0, submissions, elapsed_s: [] }).turnaround_s, 42.3);
});

Deno.test("a host that slept in between was interrupted, though no clock was set", () => {
  const local = { ...stepped, clocks: [{ off_s: 0, steps: [] }] };
  const slept = trueRuns(local).map((run) => run.start_s < 15 ? run : { ...run, start_s: run.start_s + 3600 });
  const found = times(slept.map((run, i) => ({ ...recorded(run, i, local, "counts"), scheduler: "local" })));
  assert.equal(found.makespan_s, null);
  assert.equal(found.stretches.length, 2);
});

Deno.test("times are unknown if the clocks of several hosts disagree by more than the duration of the run", () => {
  // The file server's own clock is set amid the run: the hosts' offsets change, and their clocks do not.
  const runs = trueRuns({ ...stepped, slots: 1, clocks: [{ off_s: 0, steps: [] }, { off_s: 0, steps: [] }] });
  const attempts = runs.map((run, i) => ({
    ...recorded(run, i, { ...stepped, clocks: [{ off_s: 0, steps: [] }, { off_s: 0, steps: [] }] }, "counts"),
    clock_offset_s: run.start_s > 15 ? 3600 : 0,
  }));
  const found = times(attempts);
  assert.deepEqual([found.makespan_s, found.waves, found.toys_per_s, found.turnaround_s], [null, null, null, null]);
  assert.equal(found.max_shard_elapsed_s, 10);
});

Deno.test("an attempt without an offset on a host whose clock was set cannot be placed, so the run has no makespan", () => {
  const attempts = trueRuns(stepped).map((run, i) => recorded(run, i, stepped, "offsets"));
  attempts[3] = { ...attempts[3]!, clock_offset_s: null };
  assert.equal(times(attempts).makespan_s, null);
});

Deno.test("an NTP slew within the scatter of offsets moves no stamp of one host", () => {
  const run = { host: 0, start_s: 0, wall_s: 10 };
  const still: Schedule = { ...stepped, clocks: [{ off_s: 0, steps: [] }] };
  const attempts = [0, 0.1, 0.3].map((jitter_s, i) =>
    recorded({ ...run, start_s: i * 10.1 }, i, still, "offsets", jitter_s)
  );
  assert.deepEqual(
    onOneClock(attempts).attempts.map(({ started_ms }) => started_ms),
    attempts.map(({ started_ms }) => started_ms),
  );
});
