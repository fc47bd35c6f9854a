import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { driveRun } from "../../../commands/drive_run.ts";
import { WORKER_SCHEMA } from "../../../core/schema/attempt.ts";
import type { NativeState } from "../../../core/schema/scheduler.ts";
import { readSubmissions } from "../../../runtime/run/submissions.ts";
import type { ListedWorkers } from "../../../runtime/run/workers.ts";
import { PilotWatch } from "../../../runtime/worker/heartbeats.ts";
import { keptOutput } from "../../commands/support/kept_output.ts";
import { inventedRun } from "../../fixtures/run.ts";
import { writeShard } from "../../fixtures/run_dir.ts";
import { inFolder } from "../../support/scratch.ts";
import { runOf } from "../support/context.ts";
import { FakeScheduler } from "../support/fake_adapter.ts";
import { inFastTime } from "../support/fast_time.ts";

const pilot = (state: NativeState["state"], token = "0123456789abcdef"): NativeState => ({
  ...{ token, shard: 0, state, native: state, reason: null, host: "n1" },
});
const loops = (...known: ListedWorkers["known"]): ListedWorkers => ({ known, unknown: [] });
const loop = (beats: number) => ({
  ...{ schema_version: WORKER_SCHEMA, token: "0123456789abcdef", run_token: "r", slots: 1 } as const,
  ...{ process: { host: "n2", boot_id: "b", pid: 7, start_ticks: "70" }, started_at_utc: "2026-01-01T00:00:00Z" },
  ...{ beats, beat_interval_s: 40 },
});
const s = 1000;

Deno.test("pilots without a heartbeat for three intervals count as dead, though their scheduler reports them as running", () => {
  const watch = new PilotWatch();
  assert.deepEqual(watch.silent([pilot("running")], loops(loop(5)), 0), []);
  assert.deepEqual(watch.silent([pilot("running")], loops(loop(6)), 100 * s), []);
  for (const at_s of [140, 180, 219]) {
    assert.deepEqual(watch.silent([pilot("running")], loops(loop(6)), at_s * s), []);
  }
  assert.deepEqual(watch.silent([pilot("running")], loops(loop(6)), 220 * s), ["0123456789abcdef"]);
});

Deno.test("a pilot that never announced itself has two minutes from when it was first seen running", () => {
  const watch = new PilotWatch();
  assert.deepEqual(watch.silent([pilot("running")], loops(), 0), []);
  assert.deepEqual(watch.silent([pilot("running")], loops(), 119 * s), []);
  const two = [pilot("running"), pilot("running", "00000000000000aa")];
  assert.deepEqual(watch.silent(two, loops(), 150 * s), [], "one of them has just begun");
  assert.deepEqual(watch.silent(two, loops(), 270 * s), two.map(({ token }) => token));
});

Deno.test("no pilot counts as dead while one waits to start, or any loop lives", () => {
  const watch = new PilotWatch();
  assert.deepEqual(watch.silent([pilot("running"), pilot("queued")], loops(), 0), []);
  assert.deepEqual(watch.silent([pilot("running"), pilot("queued")], loops(), 500 * s), []);
  assert.deepEqual(watch.silent([pilot("running")], loops(loop(1)), 501 * s), []);
  assert.deepEqual(watch.silent([pilot("running")], loops(loop(2)), 620 * s), []);
  assert.deepEqual(watch.silent([], loops(), 900 * s), []);
});

Deno.test("no pilot counts as dead while the file of any loop is unreadable", () => {
  const watch = new PilotWatch();
  const hidden = { known: [], unknown: [{ token: "00000000000000bb", why: "permission denied" }] };
  assert.deepEqual(watch.silent([pilot("running")], hidden, 0), []);
  assert.deepEqual(watch.silent([pilot("running")], hidden, 900 * s), []);
  assert.deepEqual(watch.silent([pilot("running")], loops(), 901 * s), ["0123456789abcdef"]);
});

Deno.test("run replaces silent pilots, and cancels the dead ones with the others", () =>
  inFolder(async (folder) => {
    const dir = join(folder, "r");
    await mkdir(dir);
    const invented = inventedRun(dir);
    const manifest = { ...invented, scheduler: "fake", farm: { ...invented.farm, pilots: 1 } };
    await writeFile(join(dir, "manifest.json"), JSON.stringify(manifest));
    const fake = new FakeScheduler();
    fake.during = () => {
      if (fake.submitted.length < 2) return;
      for (const plan of manifest.plans) void writeShard(manifest, plan);
    };
    const out = keptOutput();
    const signals = { signal: new AbortController().signal, exitCode: () => null, close: () => {} };
    const shards = await inFastTime(() => driveRun(runOf(dir, manifest), fake.adapter, signals, out, 2));
    assert.deepEqual(out.notes, ["fake job 101: 4 shards", "fake job 102: 4 shards"]);
    assert.deepEqual([...new Set(shards.map(({ state }) => state))], ["done"]);
    const [dead, alive] = readSubmissions(dir);
    assert.deepEqual([typeof dead?.silent_at_utc, alive?.silent_at_utc], ["string", undefined]);
    assert.deepEqual(fake.cancelled.map(({ token }) => token), fake.submitted);
  }));
