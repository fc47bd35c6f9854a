import type { FarmManifest, Plan } from "./contracts/manifest.ts";
import { FarmError } from "./errors.ts";
import type { ExtensionAsked } from "./open_changes.ts";
import { checkShardCount, splitToys } from "./split.ts";

/**
 * Returns the manifest with `n` more toys in `shards` new entries at the end of plans[] (contract, "Pieces"). Toy k has the seed
 * S + k in every run, so the new toys have the seeds after the last: none of them is one that the run has.
 * @param asked what is to be submitted, as it was asked for; undefined: nothing is
 * @throws {FarmError} usage, when there are more shards than toys, or seeds beyond 2^53
 */
export function extendPlans(
  manifest: FarmManifest,
  n: number,
  shards: number,
  at_utc: string,
  asked?: ExtensionAsked,
): FarmManifest {
  const { n_toys, seed, plans, farm } = manifest;
  if (seed + n_toys + n > Number.MAX_SAFE_INTEGER) {
    throw new FarmError("usage", `Cannot add ${n} toys: seed + n_toys must stay below 2^53`);
  }
  checkShardCount(shards, plans.length);
  const first = plans[0];
  const added = splitToys(n, shards).map(({ start, count }, i): Plan => ({
    shard_index: plans.length + i,
    host: first?.host ?? manifest.scheduler,
    user: first?.user ?? null,
    port: first?.port ?? 0,
    weight: 1,
    threads: manifest.threads,
    toy_start: n_toys + start,
    n_toys: count,
    seed: seed + n_toys + start,
  }));
  const indexes = added.map((plan) => plan.shard_index);
  const change = `extended by ${n} toys, seeds ${seed + n_toys} to ${seed + n_toys + n - 1}`;
  const entry = { at_utc, change, shards: indexes, n_toys_before: n_toys, ...(asked ? { asked: { ...asked } } : {}) };
  const history = [...farm.history, entry];
  return { ...manifest, n_toys: n_toys + n, plans: [...plans, ...added], farm: { ...farm, history } };
}

/** As many shards as make the new ones about as long as the run's own. */
export function shardsForExtension({ plans, shards }: FarmManifest, n: number): number {
  const own = plans.slice(0, shards).reduce((sum, plan) => sum + plan.n_toys, 0) / shards;
  return Math.min(n, Math.max(1, Math.ceil(n / own)));
}
