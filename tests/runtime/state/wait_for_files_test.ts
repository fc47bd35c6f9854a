import assert from "node:assert/strict";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { beginAttempt } from "../../../runtime/shard/attempts.ts";
import { waitForFiles } from "../../../runtime/state/status.ts";
import { inventedRun, planOf, sampleAttempt, sampleRecord } from "../../fixtures/run.ts";
import { writeShard } from "../../fixtures/run_dir.ts";
import { inFolder } from "../../support/scratch.ts";
import { runOf } from "../support/context.ts";
import { inFastTime } from "../support/fast_time.ts";

/** A run of two shards, the first of them done, and how long it was waited for when something happened meanwhile. */
function inHalfRun(work: (trial: Trial) => Promise<void>): Promise<void> {
  return inFolder(async (folder) => {
    const dir = join(folder, "r");
    await mkdir(dir);
    const manifest = inventedRun(dir, { n_toys: 4, shards: 2 });
    await writeShard(manifest, planOf(manifest, 0));
    await inFastTime(() => work(new Trial(dir, manifest)));
  });
}

class Trial {
  constructor(readonly dir: string, readonly manifest: ReturnType<typeof inventedRun>) {}

  async waited_s(grace_s: number, stop = new AbortController().signal, over = new Set<number>()): Promise<number> {
    const begin = performance.now();
    await waitForFiles(runOf(this.dir, this.manifest), grace_s, stop, over);
    return (performance.now() - begin) / 1000;
  }

  attempt(end: boolean) {
    const plan = planOf(this.manifest, 1);
    const record = sampleRecord(this.manifest, plan, { cause: "exit", exit_code: 1 });
    return sampleAttempt(this.manifest, plan, { end: end ? record : null });
  }
}

Deno.test("a run with a record of every shard needs no wait", () =>
  inHalfRun(async (trial) => {
    await writeShard(trial.manifest, planOf(trial.manifest, 1));
    assert.ok(await trial.waited_s(100) < 2);
  }));

Deno.test("an attempt with its end is complete, one without is awaited", () =>
  inHalfRun(async (trial) => {
    beginAttempt(trial.dir, trial.attempt(false));
    assert.ok(await trial.waited_s(10) >= 10);
    beginAttempt(trial.dir, { ...trial.attempt(true), attempt: 2 });
    assert.ok(await trial.waited_s(100) < 2);
  }));

Deno.test("no file is awaited of a shard whose job is known to have failed", () =>
  inHalfRun(async (trial) => {
    assert.ok(await trial.waited_s(100, undefined, new Set([1])) < 2);
  }));

Deno.test("files that appear late end the wait, and without files the grace time ends it", () =>
  inHalfRun(async (trial) => {
    assert.ok(await trial.waited_s(20) >= 20);
    const waiting = trial.waited_s(3600);
    await writeShard(trial.manifest, planOf(trial.manifest, 1));
    assert.ok(await waiting < 3600);
  }));

Deno.test("a stop ends the wait", () =>
  inHalfRun(async (trial) => assert.ok(await trial.waited_s(3600, AbortSignal.abort()) < 2)));
