import type { FarmManifest, Plan } from "./schema/manifest.ts";
import { eachStart } from "./starts/command.ts";
import { evenShare } from "./toys.ts";

/** Flags of unbinned-fit-toys that this program sets itself; --extra-arg may not contain them. */
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

/** Bound on |mean pull| that nothing exceeds: with it nextstat computes pulls and never fails a shard. */
const PULLS_ON = ["--max-abs-poi-pull-mean", "1e9"];

/**
 * Returns whether a shard is run by its own seed and count: a piece of a cut shard, an extension or a share by weight
 * does not equal shard I of the run's K as nextstat splits it.
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

/** Cached sums by plans[]: every shard's check needs them, and adding up each time would be quadratic in the shards. */
const totals = new WeakMap<readonly Plan[], { shards: number; n_toys: number }>();

/** Returns the n_toys that the first `shards` entries were split from; an extension raises the run's own n_toys. */
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

/** The paths of one fit, as the process that starts it sees them. */
export interface FitPaths {
  nextstat: string;
  config: string;
  out: string;
  metrics: string;
  /** Folder with the run's starts; absent: the one in which the fit runs. */
  root?: string;
}

/** Returns the command of one shard, which fits its toys from each start of the run. @param threads 1 or more: the value that `--threads 0` became here */
export function fitCommand(
  manifest: FarmManifest,
  plan: Plan,
  paths: FitPaths,
  threads: number,
): string[] {
  const words = [
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
  return manifest.farm.starts ? eachStart(manifest, words, paths) : words;
}
