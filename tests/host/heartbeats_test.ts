import assert from "node:assert/strict";
import { WORKER_SCHEMA } from "../../core/contracts/worker.ts";
import { Heartbeats } from "../../host/work/heartbeats.ts";

const process = { host: "n2", boot_id: "b", pid: 7, start_ticks: "70" };
const loop = (beats: number) =>
  ({
    schema_version: WORKER_SCHEMA,
    token: "0123456789abcdef",
    run_token: "r",
    process,
    slots: 1,
    started_at_utc: "2026-01-01T00:00:00.000Z",
    beats,
    beat_interval_s: 40,
  }) as const;
const loops = (...known: ReturnType<typeof loop>[]) => ({ known, unknown: [] });
const attempt = { wrapper: process };

Deno.test("a loop is alive while its count moves, and dead when it stood still for three intervals", () => {
  const beats = new Heartbeats();
  assert.equal(beats.judge(attempt, 0), "unknown");
  beats.look(loops(loop(5)), 1000);
  assert.equal(beats.judge(attempt, 120_999), "alive");
  assert.equal(beats.judge(attempt, 121_000), "dead");
  beats.look(loops(loop(6)), 121_000);
  assert.equal(beats.judge(attempt, 200_000), "alive");
});

Deno.test("a loop that took its file away runs nothing any more, and another process of its number is not it", () => {
  const beats = new Heartbeats();
  beats.look(loops(loop(5)), 0);
  beats.look(loops(), 10);
  assert.equal(beats.judge(attempt, 20), "dead");
  assert.equal(beats.judge({ wrapper: { ...process, start_ticks: "71" } }, 20), "unknown");
});

Deno.test("a loop that comes back after a pause is alive again", () => {
  const beats = new Heartbeats();
  beats.look(loops(loop(1)), 0);
  assert.equal(beats.judge(attempt, 500_000), "dead");
  beats.look(loops(loop(2)), 500_000);
  assert.equal(beats.judge(attempt, 500_001), "alive");
});

Deno.test("a loop whose file cannot be read any more is neither alive nor dead, until it can", () => {
  const beats = new Heartbeats();
  beats.look(loops(loop(5)), 0);
  beats.look({ known: [], unknown: [{ token: loop(5).token, why: "permission denied" }] }, 10);
  assert.equal(beats.judge(attempt, 20), "unknown");
  assert.equal(beats.judge(attempt, 500_000), "unknown");
  beats.look(loops(loop(6)), 500_000);
  assert.equal(beats.judge(attempt, 500_001), "alive");
});
