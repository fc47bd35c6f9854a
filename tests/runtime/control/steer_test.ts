import assert from "node:assert/strict";
import { mkdir, rm, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { WORKER_SCHEMA } from "../../../core/schema/attempt.ts";
import type { FarmManifest } from "../../../core/schema/manifest.ts";
import { changePilots } from "../../../runtime/control/pilots.ts";
import { startRun } from "../../../runtime/control/start.ts";
import { pauseRun, resumeRun, throttleRun } from "../../../runtime/control/steer.ts";
import { readSteering } from "../../../runtime/run/steering.ts";
import type { Handle, SchedulerAdapter, WorkerBackend } from "../../../schedulers/adapter.ts";
import local from "../../../schedulers/local.ts";
import { inventedRun } from "../../fixtures/run.ts";
import { inFolder } from "../../support/scratch.ts";
import { MACHINE, runOf } from "../support/context.ts";
import { FakeScheduler } from "../support/fake_adapter.ts";
import { inFastTime } from "../support/fast_time.ts";

/** What a scheduler was asked to do with jobs; shards: null for all of a submission. */
type Steered = [what: "hold" | "release" | "throttle", jobs: number, which: number[] | number | null];

/** A run of four shards whose scheduler, a fake, holds, releases and limits jobs. */
class Trial {
  readonly fake = new FakeScheduler();
  readonly asked: Steered[] = [];
  /** Whether the scheduler does what it is asked. */
  obeys = true;
  constructor(readonly dir: string, readonly manifest: FarmManifest) {
    this.fake.state = "queued";
  }

  get run() {
    return runOf(this.dir, this.manifest);
  }

  get adapter(): SchedulerAdapter {
    const become =
      (state: "held" | "queued", what: "hold" | "release") =>
      (_: unknown, handles: Handle[], shards: number[] | null) => {
        this.asked.push([what, handles.length, shards]);
        for (const { token, chunk } of this.obeys ? handles : []) {
          const changed = (shards ?? chunk.shards).map((shard) => [shard, state]);
          this.fake.own.set(token, { ...this.fake.own.get(token), ...Object.fromEntries(changed) });
        }
        return [{ argv: ["true"], timeout_s: 60 }];
      };
    return {
      ...this.fake.adapter,
      hold: become("held", "hold"),
      release: become("queued", "release"),
      throttle: (_, handles, most) => {
        this.asked.push(["throttle", handles.length, most]);
        return [{ argv: ["true"], timeout_s: 60 }];
      },
      readSteer: () => this.obeys ? { kind: "ok", value: null } : { kind: "unclear", message: "it is down" },
    };
  }

  get steering() {
    return readSteering(this.run);
  }

  start = () => startRun(this.run, this.adapter, MACHINE, { ended: false }, 0);
  pause = () => pauseRun(this.run, this.adapter);
  resume = () => resumeRun(this.run, this.adapter, MACHINE);
  pilots = (change: number) => changePilots(this.run, this.adapter, MACHINE, change);
}

function inRun(work: (trial: Trial) => Promise<void>, pilots: number | null = null): Promise<void> {
  return inFolder(async (folder) => {
    const dir = join(folder, "r");
    await mkdir(dir);
    const manifest = inventedRun(dir);
    const one = {
      ...manifest,
      scheduler: "fake",
      farm: { ...manifest.farm, pilots, options: { "shards-per-job": 1 } },
    };
    await writeFile(join(dir, "manifest.json"), JSON.stringify(one));
    await inFastTime(() => work(new Trial(dir, one)));
  });
}

/** Changes the states of single shards of the only submission. */
function setStates({ fake }: Trial, states: Record<number, "running" | "held" | "queued" | "done">): string {
  const [token = ""] = fake.submitted;
  fake.own.set(token, states);
  return token;
}

Deno.test("pause holds the jobs that wait and names those that run; resume releases them", () =>
  inRun(async (trial) => {
    await trial.start();
    const token = setStates(trial, { 0: "running" });
    const { held, running } = await trial.pause();
    assert.deepEqual([held, running], [[1, 2, 3], [0]]);
    assert.deepEqual(trial.steering?.held, [{ token, shards: [1, 2, 3], whole: true }]);
    assert.ok(trial.steering?.paused);
    const { was_paused, released } = await trial.resume();
    assert.deepEqual([was_paused, released], [true, [1, 2, 3]]);
    assert.deepEqual(trial.asked, [["hold", 1, null], ["release", 1, null]]);
    assert.equal(trial.steering?.paused, undefined);
    assert.equal((await trial.resume()).was_paused, false);
  }));

Deno.test("a job that a person holds is neither held by pause nor released by resume", () =>
  inRun(async (trial) => {
    await trial.start();
    const token = setStates(trial, { 0: "running", 2: "held" });
    assert.deepEqual((await trial.pause()).held, [1, 3]);
    assert.deepEqual(trial.steering?.held, [{ token, shards: [1, 3], whole: false }]);
    assert.deepEqual((await trial.resume()).released, [1, 3]);
    assert.deepEqual(trial.asked, [["hold", 1, [1, 3]], ["release", 1, [1, 3]]]);
  }));

Deno.test("a second pause adds to the first, and keeps its time", () =>
  inRun(async (trial) => {
    await trial.start();
    setStates(trial, { 0: "running", 1: "running" });
    const first = (await trial.pause()).steering;
    setStates(trial, { 0: "queued", 1: "running", 2: "held", 3: "held" });
    const { steering } = await trial.pause();
    assert.deepEqual(steering.paused, first.paused);
    assert.deepEqual(steering.held?.map(({ shards }) => shards), [[0, 2, 3]]);
  }));

Deno.test("a pause or resumption of which the scheduler says nothing leaves the run paused, and can be repeated", () =>
  inRun(async (trial) => {
    await trial.start();
    trial.obeys = false;
    await assert.rejects(trial.pause(), { kind: "unreachable" });
    assert.ok(trial.steering?.paused);
    trial.obeys = true;
    assert.deepEqual((await trial.pause()).held, [0, 1, 2, 3]);
    trial.obeys = false;
    await assert.rejects(trial.resume(), { kind: "unreachable" });
    assert.ok(trial.steering?.paused);
    trial.obeys = true;
    assert.deepEqual((await trial.resume()).released, [0, 1, 2, 3]);
  }));

Deno.test("a scheduler whose adapter holds or limits no jobs is refused before anything is recorded", () =>
  inRun(async (trial) => {
    const { adapter } = trial.fake;
    await assert.rejects(pauseRun(trial.run, adapter), { kind: "usage", message: /has no function "hold"/ });
    await assert.rejects(throttleRun(trial.run, adapter, 1), { kind: "usage", message: /has no function "throttle"/ });
    assert.equal(trial.steering, null);
  }));

Deno.test("throttle limits the jobs that are in the queue, and its record tells later submissions; null ends it", () =>
  inRun(async (trial) => {
    await throttleRun(trial.run, trial.adapter, 2);
    assert.equal(trial.asked.length, 0, "nothing is in the queue");
    assert.equal(trial.steering?.throttle?.most, 2);
    await trial.start();
    await throttleRun(trial.run, trial.adapter, 3);
    await throttleRun(trial.run, trial.adapter, null);
    assert.deepEqual(trial.asked, [["throttle", 1, 3], ["throttle", 1, null]]);
    assert.equal(trial.steering?.throttle?.most, null);
  }));

Deno.test("worker loops are steered by the record alone", () =>
  inRun(async ({ run }) => {
    const adapter: WorkerBackend = local;
    assert.deepEqual((await pauseRun(run, adapter)).held, []);
    await throttleRun(run, adapter, 1);
    assert.deepEqual(await resumeRun(run, adapter, MACHINE), { was_paused: true, released: [], job_ids: [] });
    assert.equal(readSteering(run)?.throttle?.most, 1);
  }));

Deno.test("pilots are added while shards are open, but to no run that is paused or has none", () =>
  inRun(async (trial) => {
    await trial.start();
    assert.equal((await trial.pilots(2)).added, 2);
    assert.equal(trial.steering?.added_pilots, 2);
    await trial.pause();
    await assert.rejects(trial.pilots(1), { kind: "usage", message: /Cannot add pilots to ".*": it is paused since/ });
  }, 2).then(() =>
    inRun(async (trial) => {
      await assert.rejects(trial.pilots(1), { kind: "usage", message: /it was rendered without --pilots/ });
    })
  ));

Deno.test("of fewer pilots those that wait are held and cancelled first, the last ones before", () =>
  inRun(async (trial) => {
    await trial.start();
    const token = setStates(trial, { 0: "running", 1: "running" });
    const { cancelled, leaving } = await trial.pilots(-1);
    assert.deepEqual([cancelled, leaving], [1, 0]);
    assert.deepEqual(trial.asked, [["hold", 1, [3]]]);
    assert.deepEqual(trial.fake.cancelled, [{ token, shards: [3] }]);
  }, 4));

Deno.test("a pilot that starts while it is held is not cancelled; those that run leave after their fit, each once", () =>
  inRun(async (trial) => {
    await trial.start();
    const token = setStates(trial, { 0: "running", 1: "running", 2: "running" });
    for (const pilot of ["a", "b"]) await announce(trial, pilot);
    const { adapter } = trial;
    const hold: SchedulerAdapter["hold"] = (...args) => {
      const commands = adapter.hold?.(...args) ?? [];
      trial.fake.own.set(token, { 0: "running", 1: "running", 2: "running", 3: "running" });
      return commands;
    };
    const change = await changePilots(trial.run, { ...adapter, hold }, MACHINE, -1);
    assert.deepEqual([change.cancelled, change.leaving], [0, 1]);
    assert.equal((await trial.pilots(-1)).leaving, 1);
    assert.deepEqual(trial.steering?.leaving?.toSorted(), ["a", "b"].map(tokenOf));
    await rm(join(trial.dir, "claims"), { recursive: true });
  }, 4));

Deno.test("a pilot that has sent no heartbeat for long is not told to leave: its node died", () =>
  inRun(async (trial) => {
    await trial.start();
    setStates(trial, { 0: "running", 1: "running", 2: "running", 3: "running" });
    for (const pilot of ["a", "b"]) await announce(trial, pilot);
    const long_ago = new Date(Date.now() - 600_000);
    await utimes(join(trial.dir, "claims", `worker_${tokenOf("a")}.json`), long_ago, long_ago);
    assert.equal((await trial.pilots(-2)).leaving, 1);
    assert.deepEqual(trial.steering?.leaving, [tokenOf("b")]);
    await rm(join(trial.dir, "claims"), { recursive: true });
  }, 4));

const tokenOf = (name: string): string => name.repeat(16);

/** Writes the file of a pilot on another machine, whose beats count. */
async function announce({ dir }: Trial, name: string): Promise<void> {
  await mkdir(join(dir, "claims"), { recursive: true });
  const process = { host: "n2", boot_id: "other-boot", pid: 7, start_ticks: "7" };
  const about = { schema_version: WORKER_SCHEMA, token: tokenOf(name), run_token: "r", process, slots: 1, pilot: true };
  const beats = { beats: 0, beat_interval_s: 40, started_at_utc: new Date().toISOString() };
  await writeFile(join(dir, "claims", `worker_${tokenOf(name)}.json`), JSON.stringify({ ...about, ...beats }));
}
