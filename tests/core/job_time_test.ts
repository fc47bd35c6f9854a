import fc from "fast-check";
import assert from "node:assert/strict";
import { jobTime, readJobFacts } from "../../core/job_txt.ts";

const BEGIN_S = 1_795_000_000;

function timeOf(values: Record<string, number | string>) {
  const all = Object.entries({ format: "nsfarm-job-1", run_token: "t", boot_id: "b", ...values });
  const facts = readJobFacts(all.map(([key, value]) => `${key}=${value}\n`).join(""));
  assert(facts);
  return jobTime(facts);
}

Deno.test("the duration of an attempt of the sh wrapper follows /proc/uptime, however the clock is set", () => {
  const step = fc.oneof(fc.integer({ min: 1, max: 9999 }), fc.integer({ min: -9999, max: -1 }));
  fc.assert(fc.property(fc.integer({ min: 1, max: 5000 }), step, (took, by) => {
    const started = BEGIN_S + 0.25;
    const stamps = { started, finished: started + took + by, uptime_started: 700.5, uptime_finished: 700.5 + took };
    const { wall_s, started_at_utc, finished_at_utc, clock } = timeOf(stamps);
    assert.equal(wall_s, took);
    assert.equal(Date.parse(finished_at_utc) - Date.parse(started_at_utc), took * 1000);
    assert.deepEqual(clock, { boot_id: "b", started_boot_s: 700.5, step_s: by });
  }));
});

Deno.test("if nobody sets the clock, the more precise one counts, and no step is recorded", () => {
  const started = BEGIN_S + 0.123;
  const fine = timeOf({ started, finished: started + 2.345, uptime_started: 7, uptime_finished: 9.35 });
  assert.deepEqual([fine.wall_s, fine.clock?.step_s], [2.345, 0]);
  const whole = timeOf({ started: BEGIN_S, finished: BEGIN_S + 3, uptime_started: 7, uptime_finished: 9.35 });
  assert.deepEqual([whole.wall_s, whole.clock?.step_s], [2.35, 0]);
});

Deno.test("without /proc/uptime an end before the start makes the duration unknown", () => {
  const { wall_s, clock } = timeOf({ started: BEGIN_S + 0.5, finished: BEGIN_S - 3599.5 });
  assert.deepEqual([wall_s, clock], [null, undefined]);
  assert.equal(timeOf({ started: BEGIN_S + 0.5, finished: BEGIN_S + 2.5 }).wall_s, 2);
});
