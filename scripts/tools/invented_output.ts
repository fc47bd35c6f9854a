/** nextstat's output over made-up toys. */

import type { FarmManifest, Plan } from "../../core/contracts/manifest.ts";
import { isPiece, splitTotal } from "../../core/fit_command.ts";
import { Float, float, floats, type Json, jsonParts } from "../../core/merge/json_text.ts";
import { fractionWithin, moments } from "../../core/statistics.ts";
import { type Toy, toyOf } from "./invented_toys.ts";

const PARAMS = [1, 91, 2.5, -0.03];
const NAMES = ["mu", "mu_sig", "sigma_sig", "lambda_bkg"];

/** An output in nextstat's layout: of one shard of the run, or (with no plan) of the whole run, unsharded. */
export function inventedOutput(manifest: FarmManifest, plan?: Plan): string {
  const { seed, n_toys } = plan ?? manifest;
  const { pulls } = manifest.farm;
  const toys = Array.from({ length: n_toys }, (_, i) => toyOf(seed + i, pulls, manifest.farm["faults"] === true));
  const piece = !plan || isPiece(manifest, plan);
  const pull = pullsOf(toys);
  const document: Json = {
    gen: {
      n_toys: piece ? n_toys : splitTotal(manifest),
      overrides: {},
      params: floats(PARAMS),
      point: "init",
      seed: piece ? seed : manifest.seed,
    },
    guardrails: {
      failures: [],
      max_abs_poi_pull_mean: float(pulls ? 1e9 : null),
      passed: true,
      poi_pull_mean: float(pull?.mean ?? null),
      poi_pull_std: float(pull?.std ?? null),
      poi_pull_std_range: null,
      require_all_converged: false,
    },
    input_schema_version: "nextstat_unbinned_spec_v0",
    parameter_names: NAMES,
    poi_index: 0,
    results: resultsOf(toys),
    shard: piece ? null : {
      shard_index: plan.shard_index,
      shard_n_toys: n_toys,
      shard_start: plan.toy_start,
      shard_total: manifest.shards,
    },
    summary: summaryOf(toys),
  };
  return jsonParts(document).join("");
}

function resultsOf(toys: Toy[]): Json {
  const count = (of: (toy: Toy) => boolean) => toys.filter(of).length;
  const n_error = count((toy) => toy.converged === null);
  return {
    converged: toys.map((toy) => toy.converged),
    n_computation_error: 0,
    n_converged: count((toy) => toy.converged === true),
    n_error,
    n_nonconverged: count((toy) => toy.converged === false),
    n_toys: toys.length,
    n_validation_error: n_error,
    nll: floats(toys.map((toy) => toy.nll)),
    optimizer_diagnostics: null,
    poi_hat: floats(toys.map((toy) => toy.poi_hat)),
    poi_sigma: floats(toys.map((toy) => toy.poi_sigma)),
    poi_true: new Float(1),
  };
}

function pullsOf(toys: Toy[]) {
  const fit = toys.filter((toy) => toy.converged && (toy.poi_sigma ?? 0) > 0);
  const pulls = Float64Array.from(fit, (toy) => ((toy.poi_hat ?? NaN) - 1) / (toy.poi_sigma ?? NaN));
  const summary = moments(pulls);
  if (!summary) return null;
  return { ...summary, frac_abs_lt_1: fractionWithin(pulls, 1), frac_abs_lt_2: fractionWithin(pulls, 2) };
}

function summaryOf(toys: Toy[]): Json {
  const poi_hat = moments(Float64Array.from(toys, (toy) => toy.poi_hat ?? NaN));
  if (!poi_hat) return null;
  const pull = pullsOf(toys);
  const each = (of: number | null | undefined): Json[] => NAMES.map(() => float(of ?? null));
  return {
    mean: new Float(poi_hat.mean),
    n_ok: poi_hat.n_ok,
    pull: pull && {
      frac_abs_lt_1: new Float(pull.frac_abs_lt_1),
      frac_abs_lt_2: new Float(pull.frac_abs_lt_2),
      mean: new Float(pull.mean),
      n_ok: pull.n_ok,
      q16: new Float(pull.q16),
      q50: new Float(pull.q50),
      q84: new Float(pull.q84),
      std: new Float(pull.std),
    },
    pulls_by_param: {
      frac_abs_lt_1: each(pull?.frac_abs_lt_1),
      frac_abs_lt_2: each(pull?.frac_abs_lt_2),
      mean: each(pull?.mean),
      n_ok: NAMES.map(() => pull?.n_ok ?? null),
      only_converged: true,
      std: each(pull?.std),
    },
    q16: new Float(poi_hat.q16),
    q50: new Float(poi_hat.q50),
    q84: new Float(poi_hat.q84),
    std: new Float(poi_hat.std),
  };
}
