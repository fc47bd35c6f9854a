import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { randomLcg } from "d3-random";
import { amountOf } from "../support/amount.ts";
import { ClaimsFarm, QUIET } from "./support/claims_farm.ts";
import { skipShortWaits } from "./support/gate.ts";
import type { Fate } from "./support/simulated_worker.ts";

const SCHEDULES = 1000;

/** Most are killed, stopped or overtaken, many on a disk that errs. */
function fateOf(random: () => number): Fate {
  const upTo = (most: number) => Math.floor(random() * most);
  const fate: Fate = {
    power_lost: random() < 0.5,
    takes_temporaries: random() < 0.5,
    lies: random() < 0.3 ? 0.05 : 0,
    refusals: random() < 0.2 ? 0.05 : 0,
  };
  if (random() < 0.5) fate.killed_at_change = upTo(80);
  if (random() < 0.5) fate.stopped = { after_ms: upTo(4000), for_ms: upTo(8000) };
  if (random() < 0.5) fate.overtaken_at = upTo(6);
  if (random() < 0.5) fate.back_after_ms = upTo(8000);
  return fate;
}

async function schedule(seed: number): Promise<void> {
  const random = randomLcg(seed / SCHEDULES);
  const farm = new ClaimsFarm(random, 2 + Math.floor(random() * 3));
  try {
    const workers = 2 + Math.floor(random() * 3);
    for (let i = 0; i < workers; i++) farm.enlist(`n${i}`, 10 * (i + 1), fateOf(random), Math.floor(random() * 3000));
    // One comes late, from a machine that nothing was heard of before, and nothing happens to it.
    farm.enlist("n9", 90, QUIET, 5000);
    await farm.run();
    farm.check();
    farm.age();
    assert.deepEqual(farm.leftovers(), [], "something of the dead stays");
  } catch (error) {
    throw new Error(`Schedule ${seed}: ${error instanceof Error ? error.stack : error}\n${farm.told()}`);
  } finally {
    farm.close();
  }
}

Deno.test({
  name: "Schedules of workers that stop, die and come back, on a disk that errs after success: no shard is " +
    "left, none is committed twice, nothing of the dead stays (needs /dev/shm)",
  ignore: !existsSync("/dev/shm"),
  fn: async () => {
    const undo = skipShortWaits();
    try {
      const count = amountOf("schedules of claims", { quick: 100, usual: 300, all: SCHEDULES });
      for (let seed = 0; seed < count; seed++) await schedule(seed);
    } finally {
      undo();
    }
  },
});
