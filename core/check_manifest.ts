import type { FarmManifest, Manifest, Plan } from "./contracts/manifest.ts";
import { overlaps } from "./merge/toy_ranges.ts";
import { seedsOf } from "./run_seeds.ts";

/** Whether a checked manifest is of a run that this program rendered, with all that its shards need. */
export function isFarmManifest(manifest: Manifest): manifest is FarmManifest {
  const { farm, scheduler, config, threads, shards, nextstat_bin, run_dir } = manifest;
  const all = [farm, scheduler, config, shards, nextstat_bin, run_dir];
  return typeof threads === "number" && !all.includes(undefined);
}

/** The entries that count: those not replaced by pieces. */
export function livePlans(manifest: { plans: Plan[] }): Plan[] {
  return manifest.plans.filter((plan) => !plan.farm?.replaced_by);
}

/** What is wrong with the plans of a manifest, or null. Live entries must cover [0, n_toys) exactly once. */
export function manifestFault(manifest: Manifest): string | null {
  return countFault(manifest) ?? indexFault(manifest.plans) ?? seedFault(manifest) ?? coverFault(manifest) ??
    twiceFault(manifest);
}

/** plans[] only grows: the first `shards` entries are those of the split. */
function countFault({ plans, shards = plans.length }: Manifest): string | null {
  return shards <= plans.length ? null : `it has ${plans.length} plans for ${shards} shards`;
}

function indexFault(plans: Plan[]): string | null {
  for (const [i, plan] of plans.entries()) {
    if (plan.shard_index !== i) return `plans[${i}] has shard_index ${plan.shard_index}, wanted ${i}`;
    for (const piece of plan.farm?.replaced_by ?? []) {
      if (piece <= i || piece >= plans.length) return `plans[${i}] is replaced by shard ${piece}, which is not there`;
    }
  }
  return null;
}

function seedFault(manifest: Manifest): string | null {
  const seed = seedsOf(manifest);
  const bad = manifest.plans.find((plan) => plan.seed !== seed(plan.toy_start));
  if (!bad) return null;
  const wanted = seed(bad.toy_start);
  return `plans[${bad.shard_index}] has seed ${bad.seed}, wanted ${wanted} (that of toy ${bad.toy_start})`;
}

/** An extension can have seeds of its own. */
function twiceFault(manifest: Manifest): string | null {
  const [twice] = overlaps(livePlans(manifest));
  return twice
    ? `toys of the seed ${twice.later.seed} are in shard ${twice.later.shard_index} and in an earlier one`
    : null;
}

function coverFault(manifest: Manifest): string | null {
  let next = 0;
  for (const plan of livePlans(manifest).sort((a, b) => a.toy_start - b.toy_start)) {
    if (plan.toy_start > next) return `no shard has the toys ${next} to ${plan.toy_start - 1}`;
    if (plan.toy_start < next) return `toy ${plan.toy_start} is in shard ${plan.shard_index} and in an earlier one`;
    next += plan.n_toys;
  }
  return next === manifest.n_toys ? null : `its shards hold ${next} toys, wanted n_toys = ${manifest.n_toys}`;
}
