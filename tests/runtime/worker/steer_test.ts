import assert from "node:assert/strict";
import { WORKER_SCHEMA } from "../../../core/schema/attempt.ts";
import { STEERING_SCHEMA } from "../../../core/schema/steering.ts";
import { PILOT_PAUSE_MIN } from "../../../core/steering.ts";
import { withdrawWorkers } from "../../../runtime/run/workers.ts";
import type { Machine } from "../../../runtime/system/machine.ts";
import { Steer } from "../../../runtime/worker/steer.ts";
import { sampleManifest } from "../../fixtures/run.ts";
import { inFolder } from "../../support/scratch.ts";
import { contextOf, MACHINE } from "../support/context.ts";

const MINE = "5555555555555555";
const MADE = { at_utc: "2026-01-01T00:00:00.000Z", by: "ann@login" };

/** A machine on which these processes are alive. */
const machineWith = (...pids: number[]): Machine => ({
  ...MACHINE,
  processes: {
    aliveOf: (all) => Promise.resolve(new Set(all.filter(({ pid }) => pids.includes(pid)))),
    findByArgument: () => Promise.resolve([]),
  },
});

let versions = 0;

/** Writes what is asked of the run; each version has a size of its own, as a later one has another time. */
function ask(dir: string, asked: object | null): void {
  const path = `${dir}/steering.json`;
  if (asked === null) return Deno.removeSync(path);
  const document = { schema_version: STEERING_SCHEMA, ...asked, version: "x".repeat(versions++) };
  Deno.writeTextFileSync(path, JSON.stringify(document));
}

function announce(dir: string, token: string, pid: number): void {
  Deno.mkdirSync(`${dir}/claims`, { recursive: true });
  const process = { ...MACHINE.process, pid, start_ticks: `${pid}` };
  const document = {
    schema_version: WORKER_SCHEMA,
    token,
    run_token: "r",
    process,
    slots: 3,
    beats: 0,
    beat_interval_s: 40,
  };
  Deno.writeTextFileSync(
    `${dir}/claims/worker_${token}.json`,
    JSON.stringify({ ...document, started_at_utc: MADE.at_utc }),
  );
}

function steerOf(dir: string, { machine = MACHINE, slots = 3, is_pilot = false } = {}) {
  const notes: string[] = [];
  const manifest = { ...sampleManifest(), run_dir: dir };
  const loop = { token: MINE, slots, is_pilot };
  return { notes, steer: new Steer(contextOf(dir, manifest, machine), loop, (text) => notes.push(text)) };
}

/** Starts as many fits as may start now, of at most ten, none of which ends. */
async function startedBy(steer: Steer): Promise<number> {
  const started = { gone: new Promise(() => {}), finish: () => Promise.reject(new Error("no fit ends here")) };
  for (let count = 0; count < 10; count++) {
    if (!await steer.counting(false, () => Promise.resolve({ started }))) return count;
  }
  return 10;
}

Deno.test("without steering.json nothing keeps fits from starting, and a paused loop starts none until the pause ends", () =>
  inFolder(async (dir) => {
    assert.equal(await startedBy(steerOf(dir).steer), 10);
    const { steer, notes } = steerOf(dir);
    ask(dir, { paused: MADE });
    assert.equal(await startedBy(steer), 0);
    assert(steer.holdsBack);
    ask(dir, {});
    assert.equal(await startedBy(steer), 10);
    assert.match(notes.join("\n"), /^paused since .* by ann@login; .* goes on\nnothing keeps shards/);
  }));

Deno.test("an attempt that runs already is counted whatever is asked, and leaves its room when it ends", () =>
  inFolder(async (dir) => {
    const { steer } = steerOf(dir);
    ask(dir, { throttle: { ...MADE, most: 1 } });
    const end = Promise.withResolvers<void>();
    const started = { gone: end.promise, finish: () => Promise.reject(new Error("not finished here")) };
    assert(await steer.counting(true, () => Promise.resolve({ started })));
    assert.equal(await startedBy(steer), 0);
    end.resolve();
    await end.promise;
    await Promise.resolve();
    assert.equal(await startedBy(steer), 1);
  }));

Deno.test("slots that look at the same moment start no more fits together than there is room for", () =>
  inFolder(async (dir) => {
    const { steer } = steerOf(dir);
    ask(dir, { throttle: { ...MADE, most: 1 } });
    const started = { gone: new Promise(() => {}), finish: () => Promise.reject(new Error("no fit ends here")) };
    const slots = [0, 1, 2].map(() => steer.counting(false, () => Promise.resolve({ started })));
    assert.equal((await Promise.all(slots)).filter((one) => one !== undefined).length, 1);
  }));

Deno.test("a start that fails or finds no shard takes up no room", () =>
  inFolder(async (dir) => {
    const { steer } = steerOf(dir);
    ask(dir, { throttle: { ...MADE, most: 1 } });
    await assert.rejects(steer.counting(false, () => Promise.reject(new Error("no disk"))), /no disk/);
    assert.equal(await steer.counting(false, () => Promise.resolve(undefined)), undefined);
    assert.equal(await startedBy(steer), 1);
  }));

Deno.test("loops divide a throttle; one whose process is gone, and one that leaves, have no part in it", () =>
  inFolder(async (dir) => {
    announce(dir, "1111111111111111", 11);
    announce(dir, "9999999999999999", 99);
    ask(dir, { throttle: { ...MADE, most: 4 } });
    const shareWith = (...pids: number[]) => startedBy(steerOf(dir, { machine: machineWith(...pids) }).steer);
    assert.equal(await shareWith(11, 99), 1, "1111… 2, 5555… 1, 9999… 1");
    assert.equal(await shareWith(11), 2);
    assert.equal(await shareWith(), 3, "no more than its slots");
    ask(dir, { throttle: { ...MADE, most: 4 }, leaving: ["1111111111111111"] });
    assert.equal(await shareWith(11, 99), 2);
    withdrawWorkers(dir);
  }));

Deno.test("a pilot ends after a long pause, another loop stays, and a pilot that is named ends at once", () =>
  inFolder((dir) => {
    const clock = performance.now;
    let now_ms = 1000;
    performance.now = () => now_ms;
    try {
      const [pilot, loop] = [true, false].map((is_pilot) => steerOf(dir, { is_pilot }).steer);
      ask(dir, { paused: MADE });
      assert.deepEqual([pilot?.isLeaving(), loop?.isLeaving()], [false, false]);
      now_ms += PILOT_PAUSE_MIN * 60_000;
      assert.deepEqual([pilot?.isLeaving(), loop?.isLeaving()], [true, false]);
      ask(dir, {});
      assert.equal(pilot?.isLeaving(), false, "it has just been resumed");
      ask(dir, { leaving: [MINE] });
      assert.equal(loop?.isLeaving(), true);
      return Promise.resolve();
    } finally {
      performance.now = clock;
    }
  }));

Deno.test("while the file cannot be read, what was asked before holds", () =>
  inFolder(async (dir) => {
    const { steer } = steerOf(dir);
    ask(dir, { paused: MADE });
    assert.equal(await startedBy(steer), 0);
    Deno.writeTextFileSync(`${dir}/steering.json`, "{");
    assert.equal(await startedBy(steer), 0);
  }));
