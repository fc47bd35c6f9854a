import type { FarmManifest, Plan } from "./contracts/manifest.ts";
import { FarmError } from "./errors.ts";
import type { ExtensionAsked } from "./open_changes.ts";
import { seedOf } from "./run_seeds.ts";
import { checkShardCount, splitToys } from "./split.ts";

/**
 * Returns the manifest with `n` more toys in `shards` new entries at the end of plans[] (contract, "Pieces"). Their seeds
 * follow the run's last, or begin with `fresh`, above it: none of them is one that the run has.
 * @param fresh the first of the new seeds
 * @param asked what is to be submitted, as it was asked for; undefined: nothing is
 * @throws {FarmError} usage, when there are more shards than toys, or seeds beyond 2^53
 */
export function extendPlans(
  manifest: FarmManifest,
  n: number,
  shards: number,
  at_utc: string,
  fresh = seedOf(manifest, manifest.n_toys),
  asked?: ExtensionAsked,
): FarmManifest {
  const { n_toys, plans, farm } = manifest;
  if (fresh + n > Number.MAX_SAFE_INTEGER) {
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
    seed: fresh + start,
  }));
  const indexes = added.map((plan) => plan.shard_index);
  const change = `extended by ${n} toys, seeds ${fresh} to ${fresh + n - 1}`;
  const moved = fresh === seedOf(manifest, n_toys) ? {} : { seed: fresh };
  const own = asked ? { asked: { ...asked } } : {};
  const entry = { at_utc, change, shards: indexes, n_toys_before: n_toys, ...moved, ...own };
  const history = [...farm.history, entry];
  return { ...manifest, n_toys: n_toys + n, plans: [...plans, ...added], farm: { ...farm, history } };
}

/** As many shards as make the new ones about as long as the run's own. */
export function shardsForExtension({ plans, shards }: FarmManifest, n: number): number {
  const own = plans.slice(0, shards).reduce((sum, plan) => sum + plan.n_toys, 0) / shards;
  return Math.min(n, Math.max(1, Math.ceil(n / own)));
}
