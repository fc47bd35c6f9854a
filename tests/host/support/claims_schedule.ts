import assert from "node:assert/strict";
import { randomLcg } from "d3-random";
import { ClaimsFarm, QUIET } from "./claims_farm.ts";
import type { CacheTimes } from "./client_cache.ts";
import { skipShortWaits } from "./gate.ts";
import type { Fate } from "./simulated_worker.ts";

type Random = () => number;

const upTo = (random: Random, most: number) => Math.floor(random() * most);

/** Most are killed, stopped or overtaken, many on a disk that errs. */
function fateOf(random: Random): Fate {
  const fate: Fate = {
    power_lost: random() < 0.5,
    takes_temporaries: random() < 0.5,
    lies: random() < 0.3 ? 0.05 : 0,
    refusals: random() < 0.2 ? 0.05 : 0,
  };
  if (random() < 0.5) fate.killed_at_change = upTo(random, 80);
  if (random() < 0.5) fate.stopped = { after_ms: upTo(random, 4000), for_ms: upTo(random, 8000) };
  if (random() < 0.5) fate.overtaken_at = upTo(random, 6);
  if (random() < 0.5) fate.back_after_ms = upTo(random, 8000);
  return fate;
}

/** As Linux clients of NFS do by default (nfs(5): acregmin to acdirmax), or one of FUSE that never asks again. */
function cacheOf(random: Random): CacheTimes {
  const times = [0, 3000, 30_000, 60_000];
  const one = () => times[upTo(random, times.length)] ?? 0;
  return { names_ms: one(), absent_ms: one(), forgets: random() < 0.5 };
}

async function runOne(seed: number, of: number, are_clients: boolean): Promise<void> {
  const random = randomLcg(seed / of);
  const cached = (fate: Fate): Fate => are_clients ? { ...fate, cache: cacheOf(random) } : fate;
  const farm = new ClaimsFarm(random, 2 + upTo(random, 3));
  try {
    const workers = 2 + upTo(random, 3);
    for (let i = 0; i < workers; i++) farm.enlist(`n${i}`, 10 * (i + 1), cached(fateOf(random)), upTo(random, 3000));
    // One comes late, from a machine that nothing was heard of before, and nothing happens to it.
    farm.enlist("n9", 90, cached(QUIET), 5000);
    await farm.run();
    farm.check();
    farm.age();
    assert.deepEqual(farm.leftovers(), [], "something of the dead stays");
  } catch (error) {
    throw new Error(`Schedule ${seed} of ${of}: ${error instanceof Error ? error.stack : error}\n${farm.told()}`);
  } finally {
    farm.close();
  }
}

/**
 * Runs the first so many of all schedules of workers, each by its number.
 * @param are_clients whether each has a cache of its own of a file server's disk, or all have one disk
 */
export async function runSchedules(count: number, of: number, are_clients: boolean): Promise<void> {
  const undo = skipShortWaits();
  try {
    for (let seed = 0; seed < count; seed++) await runOne(seed, of, are_clients);
  } finally {
    undo();
  }
}
