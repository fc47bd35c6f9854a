import type { FarmManifest, Plan } from "./contracts/manifest.ts";
import { evenShare } from "./split.ts";

/** Flags of unbinned-fit-toys that this program sets itself; --extra-arg may not name them. */
export const OWNED_FLAGS = [
  "--config",
  "--n-toys",
  "--seed",
  "--shard",
  "--threads",
  "--gen",
  "--set",
  "--output",
  "-o",
  "--json-metrics",
  "--require-all-converged",
  "--max-abs-poi-pull-mean",
  "--poi-pull-std-range",
  "--bundle",
] as const;

/** A bound on |mean pull| that nothing exceeds: it makes nextstat compute pulls and never fails a shard. */
const PULLS_ON = ["--max-abs-poi-pull-mean", "1e9"];

/**
 * A piece of a cut shard, an extension, or a share by weight is not shard I of the run's K as nextstat splits it: it is
 * run by its own seed and count.
 */
export function isPiece(manifest: FarmManifest, plan: Plan): boolean {
  const { shard_index: i } = plan;
  if (i >= manifest.shards) return true;
  const { start, count } = evenShare(splitTotal(manifest), manifest.shards, i);
  return plan.toy_start !== start || plan.n_toys !== count;
}

function whichToys(manifest: FarmManifest, plan: Plan): string[] {
  if (isPiece(manifest, plan)) return ["--n-toys", `${plan.n_toys}`, "--seed", `${plan.seed}`];
  const total = splitTotal(manifest);
  return ["--n-toys", `${total}`, "--seed", `${manifest.seed}`, "--shard", `${plan.shard_index}/${manifest.shards}`];
}

/** Sums by plans[]: each shard's check asks for it, so that adding up anew each time would be quadratic in the shards. */
const totals = new WeakMap<readonly Plan[], { shards: number; n_toys: number }>();

/** The n_toys that the first `shards` entries were split from: an extension raises the run's own. */
export function splitTotal({ plans, shards }: FarmManifest): number {
  const known = totals.get(plans);
  if (known?.shards === shards) return known.n_toys;
  const n_toys = plans.slice(0, shards).reduce((sum, plan) => sum + plan.n_toys, 0);
  totals.set(plans, { shards, n_toys });
  return n_toys;
}

function genArgs(manifest: FarmManifest): string[] {
  const { gen, set, frozen_gen } = manifest.farm;
  const values = { ...frozen_gen, ...set };
  const point = frozen_gen ? "init" : gen;
  return ["--gen", point, ...Object.entries(values).flatMap(([name, value]) => ["--set", `${name}=${value}`])];
}

/**
 * nextstat's arguments for one shard.
 * @param paths where spec, output and metrics are for this process
 * @param threads 1 or more: what `--threads 0` became here
 */
export function fitCommand(
  manifest: FarmManifest,
  plan: Plan,
  paths: { nextstat: string; config: string; out: string; metrics: string },
  threads: number,
): string[] {
  return [
    paths.nextstat,
    "unbinned-fit-toys",
    "--config",
    paths.config,
    ...whichToys(manifest, plan),
    "--threads",
    `${threads}`,
    ...genArgs(manifest),
    ...(manifest.farm.pulls ? PULLS_ON : []),
    ...manifest.farm.extra_args,
    "--json-metrics",
    paths.metrics,
    "-o",
    paths.out,
  ];
}
