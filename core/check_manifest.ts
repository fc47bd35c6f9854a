import type { FarmManifest, Manifest, Plan } from "./contracts/manifest.ts";

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
  return countFault(manifest) ?? indexFault(manifest.plans) ?? seedFault(manifest) ?? coverFault(manifest);
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

function seedFault({ plans, seed }: Manifest): string | null {
  const bad = plans.find((plan) => plan.seed !== seed + plan.toy_start);
  return bad
    ? `plans[${bad.shard_index}] has seed ${bad.seed}, wanted ${seed + bad.toy_start} (run seed + toy_start)`
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
