import type { ToyValues } from "../output.ts";
import { finiteOf, fractionWithin, type Moments, moments } from "../statistics.ts";
import { type UsablePulls, usablePulls } from "../usable_pulls.ts";
import { Float, float, floats, type Json } from "./json_text.ts";
import { addPulls, type ParamPulls, pullMeans, type PullSums } from "./param_pulls.ts";
import type { SourceFacts } from "./source_facts.ts";

interface PullSummary extends Moments {
  frac_abs_lt_1: number;
  frac_abs_lt_2: number;
}

/** nextstat's `summary` of a whole set of toys. */
export interface SetSummary {
  poi_hat: Moments | null;
  pull: PullSummary | null;
  pulls_by_param: ParamPulls;
  pull_sums: PullSums;
}

/** Returns the summary of a set of toys. @param sources in toy order, at least one */
export function summarise(
  values: ToyValues,
  sources: readonly Pick<SourceFacts, "param_pulls" | "parameter_names" | "poi_index">[],
): SetSummary {
  const pull = pullSummary(finiteOf(values.pulls));
  const [first] = sources;
  const pull_sums = addPulls(
    sources.flatMap((source) => source.param_pulls ?? []),
    first?.parameter_names.length ?? 0,
  );
  const pooled = pullMeans(pull_sums);
  const pulls_by_param = pull && first ? withExactPoi(pooled, pull, first.poi_index) : pooled;
  return { poi_hat: moments(values.poi_hat), pull, pulls_by_param, pull_sums };
}

/** The pulls with a usable sigma, where others have none. */
export interface UsableSummary extends Pick<UsablePulls, "n_on_bound" | "n_tiny"> {
  pull: Moments | null;
}

/** Returns the summary of the pulls with a usable sigma; null where all have one. */
export function usableSummary(values: ToyValues, about: Parameters<typeof usablePulls>[1]): UsableSummary | null {
  const { values: pulls, n_on_bound, n_tiny } = usablePulls(values, about);
  return n_on_bound + n_tiny === 0 ? null : { pull: moments(pulls), n_on_bound, n_tiny };
}

function pullSummary(pulls: Float64Array): PullSummary | null {
  const summary = moments(pulls);
  if (!summary) return null;
  return { ...summary, frac_abs_lt_1: fractionWithin(pulls, 1), frac_abs_lt_2: fractionWithin(pulls, 2) };
}

/** Replaces the pooled pulls of the POI by its own, which are exact; other parameters have only pooled ones. */
function withExactPoi(pooled: ParamPulls, pull: PullSummary, poi_index: number): ParamPulls {
  return {
    n_ok: pooled.n_ok.with(poi_index, pull.n_ok),
    mean: pooled.mean.with(poi_index, pull.mean),
    std: pooled.std.with(poi_index, pull.std),
    frac_abs_lt_1: pooled.frac_abs_lt_1.with(poi_index, pull.frac_abs_lt_1),
    frac_abs_lt_2: pooled.frac_abs_lt_2.with(poi_index, pull.frac_abs_lt_2),
  };
}

/** Returns the `summary` member of an output; null if no toy has an estimate. `with_ci`: the shards had a mean_ci. */
export function summaryJson({ poi_hat, pull, pulls_by_param }: SetSummary, with_ci: boolean): Json {
  if (!poi_hat) return null;
  return {
    mean: new Float(poi_hat.mean),
    ...(with_ci ? { mean_ci: null } : {}),
    n_ok: poi_hat.n_ok,
    pull: pull && pullJson(pull),
    pulls_by_param: {
      frac_abs_lt_1: floats(pulls_by_param.frac_abs_lt_1),
      frac_abs_lt_2: floats(pulls_by_param.frac_abs_lt_2),
      mean: floats(pulls_by_param.mean),
      n_ok: pulls_by_param.n_ok,
      only_converged: true,
      std: floats(pulls_by_param.std),
    },
    q16: new Float(poi_hat.q16),
    q50: new Float(poi_hat.q50),
    q84: new Float(poi_hat.q84),
    std: new Float(poi_hat.std),
  };
}

function pullJson(pull: PullSummary): Json {
  return {
    frac_abs_lt_1: float(pull.frac_abs_lt_1),
    frac_abs_lt_2: float(pull.frac_abs_lt_2),
    mean: float(pull.mean),
    n_ok: pull.n_ok,
    q16: float(pull.q16),
    q50: float(pull.q50),
    q84: float(pull.q84),
    std: float(pull.std),
  };
}
