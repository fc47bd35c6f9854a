import { fitFindings, type FittedToys, toysOnBounds } from "../fit_findings.ts";
import { fitWarnings, STUCK } from "../fit_quality.ts";
import { rounded } from "../format.ts";
import { pullOf, type ShardOutput } from "../output.ts";
import type { Bounds } from "../schema/fit_quality.ts";
import type { InjectPoint } from "../schema/inject.ts";
import { finiteOf, quantiles } from "../statistics.ts";
import { usablePulls } from "../usable_pulls.ts";
import { failedWords, growthNeeded, MIN_PULLS, pullWords, type Rules } from "./judge.ts";
import { type PullSpread, rateOf, spreadOfValues } from "./pull_statistics.ts";

export interface PointToys {
  output: ShardOutput;
  /** Bounds of the POI in the spec; null: unknown. */
  bounds: Bounds | null;
  /** Why its results do not stand without a mark; null: nothing shows it. */
  mark: string | null;
}

type Named = Pick<InjectPoint, "value" | "run_id">;

/** Returns a point with the statistics of its toys and a verdict. @param toys null: its run is not merged */
export function injectPoint(named: Named, toys: PointToys | null, rules: Rules): InjectPoint {
  if (!toys) return { ...named, ...NOTHING, verdict: "unfinished", why: ["no merged result yet"], more_toys: null };
  const { output, bounds } = toys;
  const { poi_true, n_toys } = output.frame.results;
  const all = { poi_hat: output.poi_hat, pulls: Float64Array.from({ length: n_toys }, (_, i) => pullOf(output, i)) };
  const pulls = finiteOf(usablePulls(all, { poi_true, bounds }).values);
  const offsets = finiteOf(output.poi_hat.map((hat, i) => output.converged[i] === true ? hat - poi_true : NaN));
  const within = (limit: number) =>
    rateOf(pulls.reduce((n, pull) => Math.abs(pull) < limit ? n + 1 : n, 0), pulls.length, rules.distributions);
  const n_converged = output.converged.reduce((n, converged) => converged === true ? n + 1 : n, 0);
  const [spread, bias] = [spreadOfValues(pulls), spreadOfValues(offsets)];
  const measured = {
    poi_true,
    n_toys,
    failed: n_toys === 0 ? null : rateOf(n_toys - n_converged, n_toys, rules.distributions),
    n_without_sigma: n_converged - pulls.length,
    bias: bias?.mean ?? null,
    pull_mean: spread?.mean ?? null,
    pull_width: spread?.width ?? null,
    pull_median: spread?.median ?? null,
    coverage: pulls.length === 0 ? null : { sigma_1: within(1), sigma_2: within(2) },
  };
  const mark = toys.mark === null ? {} : { mark: toys.mark };
  return { ...named, ...measured, ...verdictOf(toys, measured, spread, rules), ...mark };
}

const NOTHING = {
  poi_true: null,
  n_toys: null,
  failed: null,
  n_without_sigma: null,
  bias: null,
  pull_mean: null,
  pull_width: null,
  pull_median: null,
  coverage: null,
};

type Verdict = Pick<InjectPoint, "verdict" | "why" | "more_toys">;
type Measured = Pick<InjectPoint, "failed" | "coverage"> & { n_without_sigma: number };

function verdictOf(toys: PointToys, measured: Measured, pulls: PullSpread | null, rules: Rules): Verdict {
  const fitted = fittedOf(toys);
  const near = nearBound(fitted);
  // Near a bound many honest fits end on it.
  const n_without = near === null ? measured.n_without_sigma : 0;
  const failed = measured.failed && failedWords(measured.failed, n_without, rules);
  const isUsable = near === null && pulls !== null && pulls.n >= MIN_PULLS;
  const why = [
    ...(failed === null ? [] : [failed]),
    ...stuckWords(toys, fitted, near !== null),
    ...(isUsable && measured.coverage ? pullWords(pulls, measured.coverage, rules) : []),
  ];
  if (why.length > 0) return { verdict: "flagged", why, more_toys: null };
  if (near !== null) return { verdict: "not_judged", why: [near], more_toys: null };
  if (!isUsable) return tooFew(toys, pulls?.n ?? 0);
  const growth = growthNeeded(pulls, rules);
  if (growth <= 1) return { verdict: "acceptable", why: [], more_toys: null };
  return undecided(toys.output.frame.results.n_toys, growth, rules);
}

const fittedOf = ({ output, bounds }: PointToys): FittedToys => ({
  poi_hat: output.poi_hat.map((hat, i) => output.converged[i] === true ? hat : NaN),
  poi_true: output.frame.results.poi_true,
  bounds,
});

/** Farther from a bound than so many sigma, a Gaussian's part beyond it changes mean and width by less than 1 %. */
const NEAR_SIGMA = 2;

/** Returns that a bound cuts the fitted values off, in words; null: no bound is near the generated POI. */
function nearBound({ poi_hat, poi_true, bounds }: FittedToys): string | null {
  const values = finiteOf(poi_hat);
  if (bounds === null || poi_true === null || values.length === 0) return null;
  // The side away from the bound, since the bound cuts the other one off.
  const [low = NaN, middle = NaN, high = NaN] = quantiles(values, [0.16, 0.5, 0.84]);
  return boundWords("lower", bounds[0], poi_true, poi_true - bounds[0], high - Math.max(middle, bounds[0])) ??
    boundWords("upper", bounds[1], poi_true, bounds[1] - poi_true, Math.min(middle, bounds[1]) - low);
}

function boundWords(side: string, bound: number, truth: number, distance: number, sigma: number): string | null {
  if (distance > NEAR_SIGMA * sigma) return null;
  const where = distance <= 0
    ? `is its ${side} bound`
    : `is ${rounded(distance / sigma, 2)} sigma from its ${side} bound`;
  const own = distance <= 0 ? "" : ` ${rounded(bound, 5)}`;
  return `the POI ${rounded(truth, 5)} ${where}${own}: the pulls are one-sided and are not judged`;
}

/** Returns that fits stay on a bound or on one value, and near a bound also that their centre is off, in words. */
function stuckWords({ output: { frame } }: PointToys, fitted: FittedToys, isNear: boolean): string[] {
  const on = toysOnBounds(fitted);
  const findings = fitFindings(fitted, on).filter(({ kind }) => isNear || STUCK.has(kind));
  const poi = frame.parameter_names[frame.poi_index] ?? "POI";
  const { poi_true, bounds: poi_bounds } = fitted;
  return fitWarnings({ poi, poi_true, poi_bounds, ...on, findings, warnings: [], n_shards: 0 }).slice(
    0,
    findings.length,
  );
}

function tooFew({ output }: PointToys, n_pulls: number): Verdict {
  const { n_toys } = output.frame.results;
  const more_toys = roundedUp(MARGIN * MIN_PULLS * n_toys / Math.max(1, n_pulls) - n_toys);
  return {
    verdict: "undecided",
    why: [`not enough toys: ${n_pulls} have a pull, at least ${MIN_PULLS} are needed`],
    more_toys: n_pulls === 0 ? null : Math.max(1, more_toys),
  };
}

function undecided(n_toys: number, growth: number, { thresholds: { max_bias, width_tolerance } }: Rules): Verdict {
  const what = `|mean pull| is below ${max_bias} and the width 1 ± ${width_tolerance}`;
  if (growth === Infinity) {
    return { verdict: "undecided", why: [`no number of toys can show that ${what}`], more_toys: null };
  }
  const more_toys = roundedUp(Math.max(MARGIN * growth - 1, LEAST_GROWTH) * n_toys);
  return { verdict: "undecided", why: [`not enough toys: about ${more_toys} more show whether ${what}`], more_toys };
}

/** Factor beyond the estimate, and least share of more toys: fewer would soon be looked at again. */
const MARGIN = 1.1;
const LEAST_GROWTH = 0.1;

/** Returns a number of toys rounded up to a whole number of tens, with two digits where it is larger. */
function roundedUp(n: number): number {
  const unit = 10 ** Math.max(1, Math.floor(Math.log10(n)) - 1);
  return Math.max(1, Math.ceil(n / unit)) * unit;
}
