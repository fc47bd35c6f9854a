import type { FarmManifest, Plan } from "./contracts/manifest.ts";
import { checkShardCount, cutRange } from "./split.ts";

/**
 * The manifest with each of these shards cut in two: the entry stays with `replaced_by`, its pieces come at the end
 * and are run by their own seed and count (contract, "Pieces"). A shard of one toy cannot be cut and stays.
 */
export function cutShards(manifest: FarmManifest, shards: number[], at_utc: string): FarmManifest {
  const plans = [...manifest.plans];
  const cut: number[] = [];
  for (const shard of shards) {
    const plan = plans[shard];
    if (!plan || plan.n_toys < 2 || plan.farm?.replaced_by) continue;
    const pieces = cutRange({ start: plan.toy_start, count: plan.n_toys }, 2).map((range, i): Plan => ({
      ...plan,
      shard_index: plans.length + i,
      toy_start: range.start,
      n_toys: range.count,
      seed: plan.seed + range.start - plan.toy_start,
    }));
    plans[shard] = { ...plan, farm: { ...plan.farm, replaced_by: pieces.map((piece) => piece.shard_index) } };
    plans.push(...pieces);
    cut.push(shard);
  }
  if (cut.length === 0) return manifest;
  checkShardCount(2 * cut.length, manifest.plans.length);
  const history = [...manifest.farm.history, { at_utc, change: `cut in two: shards ${cut.join(", ")}`, shards: cut }];
  return { ...manifest, plans, farm: { ...manifest.farm, history } };
}
