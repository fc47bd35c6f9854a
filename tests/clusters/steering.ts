/** Tests of steering a run that runs: one body, declared for each scheduler and for worker loops. */
import assert from "node:assert/strict";
import { requestArgs, runDir } from "../support/farm.ts";
import { pause, until } from "../support/scratch.ts";
import { assertMerged } from "./slurm_farm.ts";
import type { UserFarm } from "./user_farm.ts";

/** A farm of slots on which one run is steered. */
interface SteeredFarm extends Pick<UserFarm, "folder" | "must" | "start"> {
  /** Words of `run` that name the farm. */
  words: string[];
  /** Number of fits that run at a time without a throttle. */
  slots: number;
  /** Writes a replacement of nextstat; `behaviour` is sh code with $here. The log has its starts and ends in order. */
  fit(behaviour: string): Promise<{
    path: string;
    mark(name: string): Promise<void>;
    log(): Promise<readonly { what: string }[]>;
  }>;
  /** Holds one job that waits, as a person would, and returns how that person releases it; absent: no scheduler. */
  holdOne?: (dir: string) => Promise<() => Promise<unknown>>;
}

type Declare = (name: string, work: (farm: SteeredFarm) => Promise<void>) => void;

const WAITS = 'until [ -e "$here/go" ]; do sleep 0.1; done; sleep 0.2';
const LONG = { most_s: 280 };

/** Begins a run whose first fits fill all slots and wait for the mark "go". */
async function fullRun(farm: SteeredFarm) {
  const fit = await farm.fit(WAITS);
  const shards = farm.slots + 5;
  const dir = runDir(farm.folder);
  const args = ["run", ...farm.words, ...requestArgs(farm.folder, { toys: 2 * shards, shards, nextstat: fit.path })];
  const driver = farm.start(args, LONG);
  const count = async (what: string) => (await fit.log()).filter((line) => line.what === what).length;
  await until("all slots are full", async () => (await count("start")) === farm.slots);
  const finish = async () => {
    const ran = await driver.ended;
    assert.equal(ran.code, 0, ran.stderr);
    await assertMerged(dir, { toys: 2 * shards });
    assert.equal(await count("double"), 0);
    assert.equal(await count("end"), shards, "each shard was fitted once");
    return ran;
  };
  return { fit, dir, driver, shards, count, finish };
}

const status = async (farm: SteeredFarm, dir: string): Promise<string> => (await farm.must(["status", dir])).stdout;

/**
 * Declares the tests.
 * @param of the farm's name in their names
 * @param hasJobs whether a person can hold its jobs (holdOne)
 */
export function steeringTests(of: string, test: Declare, hasJobs = false): void {
  test(`a paused run on ${of} starts no fit and loses none; its driver waits until resume, and everything says so`, async (farm) => {
    const { fit, dir, driver, shards, count, finish } = await fullRun(farm);
    const paused = await farm.must(["pause", dir]);
    assert.match(paused.stdout, /^paused since .*: no new fit starts, and fits that run go on/);
    await fit.mark("go");
    await until("the fits that ran have ended", async () => (await count("end")) === farm.slots);
    await until("status shows them", async () => (await status(farm, dir)).includes(`${farm.slots} done`));
    let is_over = false;
    driver.ended.then(() => is_over = true);
    await pause(3000);
    assert.equal(await count("start"), farm.slots, "no new fit has begun");
    assert.equal(is_over, false, "the driver waits");
    assert.match(await status(farm, dir), /^paused since \S+Z by \S+@\S+; nsfarm-deno resume .* goes on$/m);
    assert.match((await farm.must(["doctor", dir])).stdout, /Next:\n {2}.*resume/);
    assert.match((await farm.must(["retry", dir], 2)).stderr, /it is paused since .*\n {2}First: nsfarm-deno resume/);
    assert.match((await farm.must(["resume", dir])).stdout, /^resumed: shards start again/);
    assert.match((await finish()).stderr, /paused since/);
    assert.match((await farm.must(["status", dir])).stdout, new RegExp(`${shards} done of ${shards} shards`));
    assert.match((await farm.must(["resume", dir])).stdout, /^the run is not paused/);
  });

  test(`with throttle 1 a run on ${of} starts one fit after the other, until the throttle is off`, async (farm) => {
    const { fit, dir, count, finish } = await fullRun(farm);
    assert.match((await farm.must(["throttle", dir, "1"])).stdout, /at most 1 fit at a time/);
    assert.match(await status(farm, dir), /^throttle: at most 1 fit at a time/m);
    await fit.mark("go");
    await until("three more fits have begun", async () => (await count("start")) >= farm.slots + 3);
    const log = (await fit.log()).map(({ what }) => what);
    const later = log.slice(nthIndex(log, "end", farm.slots) + 1);
    assert.ok(mostAtATime(later) <= 1, log.join(" "));
    await farm.must(["throttle", dir, "off"]);
    assert.doesNotMatch(await status(farm, dir), /throttle/);
    await finish();
  });

  if (!hasJobs) return;
  test(`a job on ${of} that a person holds is not released by resume`, async (farm) => {
    const { fit, dir, count, shards, finish } = await fullRun(farm);
    const release = await farm.holdOne?.(dir) ?? assert.fail("nobody can hold a job");
    await farm.must(["pause", dir]);
    await farm.must(["resume", dir]);
    await fit.mark("go");
    await until("all others have ended", async () => (await count("end")) === shards - 1);
    await until("status shows the held one", async () => /^ {2}held .*: shard \d+$/m.test(await status(farm, dir)));
    assert.doesNotMatch(await status(farm, dir), /paused/);
    await release();
    // The driver may have ended with the held job; then the same command goes on.
    await farm.must(["retry", dir, "--wait"], 0, LONG);
    await finish().catch(() => {});
    await assertMerged(dir, { toys: 2 * shards });
  });
}

/** Index of the n-th occurrence of a word; -1: there are fewer. */
function nthIndex(words: readonly string[], word: string, n: number): number {
  let index = -1;
  for (let i = 0; i < n; i++) {
    index = words.indexOf(word, index + 1);
    if (index < 0) return -1;
  }
  return index;
}

/** Largest number of fits that ran at a time, of those that began in this part of the log. */
function mostAtATime(log: readonly string[]): number {
  let [now, most] = [0, 0];
  for (const what of log) {
    if (what === "start") now++;
    if (what === "end") now = Math.max(0, now - 1);
    most = Math.max(most, now);
  }
  return most;
}
