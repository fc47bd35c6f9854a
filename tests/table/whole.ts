import assert from "node:assert/strict";
import { assertMerged } from "../clusters/slurm_farm.ts";
import type { Farm, Fit } from "./site.ts";

export const TOYS = 8;
export const SHARDS = 4;

/** Each shard fitted once. */
export const ONCE = Array.from({ length: SHARDS }, (_, shard) => `${shard}`);

/** The merged set is the unsharded run's, and status, doctor and verify find nothing wrong. */
export async function assertWhole(farm: Farm, dir: string, { toys = TOYS } = {}): Promise<void> {
  await assertMerged(dir, { toys });
  assert.match((await farm.must(["status", dir, "--check"])).stdout, /: (\d+) done of \1 shards/);
  assert.match((await farm.must(["doctor", dir])).stdout, /Nothing is wrong/);
  await farm.must(["verify", dir]);
}

/** The shards whose fits have ended well or not, but by themselves; sorted. */
export async function endsOf(fit: Fit): Promise<string[]> {
  return (await fit.log()).filter(({ what }) => what === "end").map(({ shard }) => shard).sort();
}
