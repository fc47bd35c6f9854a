import { rounded } from "./format.ts";
import type { Bounds } from "./schema/fit_quality.ts";
import type { AtBound, FarmManifest, Plan, TrialFit } from "./schema/manifest.ts";
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

/** Returns the parameters of a fit that lie on their bounds. */
export function atBounds(fitted: ReadonlyMap<string, number>, bounds: ReadonlyMap<string, Bounds>): AtBound[] {
  return [...fitted].flatMap(([name, value]): AtBound[] => {
    const [lower, upper] = bounds.get(name) ?? [-Infinity, Infinity];
    if (value <= lower) return [{ name, bound: "lower", value }];
    return value >= upper ? [{ name, bound: "upper", value }] : [];
  });
}

/** Returns warnings to read before a run is submitted; an empty list if nothing speaks against the fits. */
export function trialWarnings(trial: TrialFit | undefined): string[] {
  if (!trial) return [];
  const { at_bounds, warnings, channels, toy } = trial;
  const poi_bound = at_bounds?.find(({ name }) => name === toy.poi);
  // A toy that was generated on the bound itself ends there with probability one half.
  const toy_stuck = poi_bound !== undefined && toy.poi_hat === poi_bound.value && toy.poi_true !== poi_bound.value;
  const far = channels.filter(isFar);
  return [
    ...(at_bounds && at_bounds.length > 0
      ? [`the fit of the observed data ends on ${at_bounds.map(boundWords).join(" and ")}`]
      : []),
    ...(toy_stuck ? [`the trial toy, generated at ${toy.poi} = ${rounded(toy.poi_true, 5)}, ends there too`] : []),
    ...far.map(channelWords),
    ...warnings.map((text) => `nextstat warned in the fit of the observed data: ${text}`),
    ...(toy_stuck || far.length > 0 ? [MEANING] : []),
  ];
}

const MEANING =
  "toy fits start from that of the observed data, and can stay on its bounds: such toys tell nothing, and take a fraction of the time of real fits. Name observed data in the spec that fit its yields, or mend the yields";

const boundWords = ({ name, bound, value }: AtBound) => `the ${bound} bound of ${name} (${rounded(value, 5)})`;

type Channel = TrialFit["channels"][number];

/** Distance in sigma of the observed events from the nearest possible yield beyond which chance is excluded. */
const FAR_SIGMA = 5;

const isFar = ({ n_events, least, most }: Channel): boolean =>
  n_events < least - FAR_SIGMA * Math.sqrt(least) || n_events > most + FAR_SIGMA * Math.sqrt(Math.max(1, most));

function channelWords({ name, n_events, least, most }: Channel): string {
  const range = least === most ? `${Math.round(least)}` : `${Math.round(least)} to ${Math.round(most)}`;
  return `the channel "${name}" has ${n_events} observed events, and yields of ${range} within their bounds`;
}
