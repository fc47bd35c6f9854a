import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { assertMerged } from "../clusters/slurm_farm.ts";
import { countDone, fingerprints } from "../support/run_dir.ts";
import { until } from "../support/scratch.ts";
import { type Farm, type Fit, submitted } from "./site.ts";

const TOYS = 4;

/** Another user's run of the same name, which runs beside what is tested. */
export interface OtherRun {
  /** Fails unless its committed files are the same, and its other fit runs still. */
  assertUntouched(): Promise<void>;
  /** Lets it go on, and fails unless it becomes whole by itself, each shard fitted once. */
  finish(): Promise<void>;
}

/** Starts a run of two shards of which one is done and the other waits. */
export async function startOther(farm: Farm): Promise<OtherRun> {
  const fit = await farm.fit(`[ "$shard" = 0 ] || until [ -e "$here/go" ] || [ ! -d "$here" ]; do sleep 0.3; done`);
  const dir = await submitted(farm, { toys: TOYS, shards: 2, nextstat: fit.path });
  await until("the other user's run runs", async () => await countDone(dir) === 1 && await isHalf(fit));
  const kept = await fingerprints(dir);
  const waiting = (await fit.log()).find(({ what, shard }) => what === "start" && shard === "1");
  return {
    assertUntouched: async () => {
      assert.deepEqual(await fingerprints(dir), kept);
      assert(await isHalf(fit), "no fit of the other user's was begun or ended");
      assert(existsSync(`/proc/${waiting?.pid}`), "the other user's fit runs");
    },
    finish: async () => {
      await fit.mark("go");
      await farm.must(["submit", dir, "--wait"]);
      await assertMerged(dir, { toys: TOYS });
      assert.equal((await fit.log()).length, 4, "two fits began and ended");
    },
  };
}

async function isHalf(fit: Fit): Promise<boolean> {
  const whats = (await fit.log()).map(({ what }) => what).sort();
  return whats.join() === "end,start,start";
}
