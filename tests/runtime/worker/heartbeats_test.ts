import assert from "node:assert/strict";
import { WORKER_SCHEMA } from "../../../core/schema/attempt.ts";
import { Heartbeats } from "../../../runtime/worker/heartbeats.ts";

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

/** Looks each 10 s from one second to another, and finds that count each time. */
function updateOver(beats: Heartbeats, from_s: number, to_s: number, count: number): void {
  for (let at_s = from_s; at_s <= to_s; at_s += 10) beats.update(loops(loop(count)), at_s * 1000);
}

Deno.test("a loop is alive while its count changes, and dead after three intervals without a change", () => {
  const beats = new Heartbeats();
  assert.equal(beats.judge(attempt), "unknown");
  updateOver(beats, 0, 110, 5);
  assert.equal(beats.judge(attempt), "alive");
  updateOver(beats, 120, 120, 5);
  assert.equal(beats.judge(attempt), "dead");
  updateOver(beats, 121, 200, 6);
  assert.equal(beats.judge(attempt), "alive");
});

Deno.test("a loop that removed its file runs nothing any more, and another process with its pid is not that loop", () => {
  const beats = new Heartbeats();
  beats.update(loops(loop(5)), 0);
  beats.update(loops(), 10);
  assert.equal(beats.judge(attempt), "alive", "one listing may have missed its name");
  beats.update(loops(), 20);
  assert.equal(beats.judge(attempt), "dead");
  assert.equal(beats.judge({ wrapper: { ...process, start_ticks: "71" } }), "unknown");
});

Deno.test("a loop that returns after a pause is alive again", () => {
  const beats = new Heartbeats();
  updateOver(beats, 0, 500, 1);
  assert.equal(beats.judge(attempt), "dead");
  beats.update(loops(loop(2)), 510_000);
  assert.equal(beats.judge(attempt), "alive");
});

Deno.test("a loop has one more interval for a heartbeat after a time without checks, as with an unavailable file server", () => {
  const beats = new Heartbeats();
  updateOver(beats, 0, 60, 1);
  updateOver(beats, 600, 630, 1);
  assert.equal(beats.judge(attempt), "alive", "it may not have been able to write");
  updateOver(beats, 640, 640, 1);
  assert.equal(beats.judge(attempt), "dead");
});

Deno.test("a process that checks less often than a loop beats finds it dead in the end", () => {
  const beats = new Heartbeats();
  for (const at_s of [0, 60, 120]) beats.update(loops(loop(1)), at_s * 1000);
  assert.equal(beats.judge(attempt), "alive");
  beats.update(loops(loop(1)), 180_000);
  assert.equal(beats.judge(attempt), "dead");
});

Deno.test("a loop with an unreadable file keeps its shards for three intervals; then it is neither alive nor dead", () => {
  const beats = new Heartbeats();
  const hidden = { known: [], unknown: [{ token: loop(5).token, why: "permission denied" }] };
  beats.update(loops(loop(5)), 0);
  for (let at_s = 10; at_s <= 500; at_s += 10) {
    beats.update(hidden, at_s * 1000);
    assert.equal(beats.judge(attempt), at_s < 120 ? "alive" : "unknown");
  }
  beats.update(loops(loop(6)), 510_000);
  assert.equal(beats.judge(attempt), "alive");
});
