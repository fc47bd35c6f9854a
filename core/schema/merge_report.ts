import * as z from "./zod.ts";
import { Count } from "./enums.ts";
import { FitQuality } from "./fit_quality.ts";
import { RequestedGuardrails } from "./manifest.ts";
import { RunTimes } from "./run_times.ts";

/** `schema_version` of merge_status.json. */
export const MERGE_STATUS_SCHEMA = "nextstat.cpu_farm_merge_status.v1";

/** Reason why a shard, or the set, cannot be merged. */
export const Problem = z.strictObject({ shard_index: z.nullable(Count), what: z.string() });
export type Problem = z.infer<typeof Problem>;

/** merge_status.json: result of the last merge. */
export const MergeStatus = z.looseObject({
  schema_version: z.literal(MERGE_STATUS_SCHEMA),
  created_at_utc: z.string(),
  ok: z.boolean(),
  partial: z.boolean(),
  guardrails_passed: z.nullable(z.boolean()),
  problems: z.array(Problem),
  merged: z.nullable(z.string()),
  farm: z.optional(z.looseObject({
    merged_sha256: z.optional(z.nullable(z.string())),
    /** Fit quality of the merged toys; null if nothing was merged. */
    fits: z.optional(z.nullable(FitQuality)),
  })),
});
export type MergeStatus = z.infer<typeof MergeStatus>;

const Value = z.nullable(z.number());

/** Output of `merge --json`, also shown at the end of a run. */
export const MergeReport = z.looseObject({
  /** Path of the merged document, or null if the set was refused. */
  merged: z.nullable(z.string()),
  merged_sha256: z.nullable(z.string()),
  merge_status: z.nullable(z.string()),
  run_id: z.nullable(z.string()),
  partial: z.boolean(),
  n_shards: Count,
  n_shards_merged: Count,
  n_toys: Count,
  n_toys_merged: Count,
  n_converged: Count,
  n_nonconverged: Count,
  n_error: Count,
  mean: Value,
  std: Value,
  q16: Value,
  q50: Value,
  q84: Value,
  pull_mean: Value,
  pull_std: Value,
  /** Toys that have a pull; absent: none was asked for. */
  n_pulls: z.optional(Count),
  /** Where some of the pulls have no usable sigma: the others. `pull_mean` and `pull_std` are of all, as nextstat's. */
  usable_pulls: z.optional(z.looseObject({
    n: Count,
    mean: Value,
    std: Value,
    /** Pulls of toys on a bound of the POI, and with a sigma far below those of the others. */
    n_on_bound: Count,
    n_tiny: Count,
  })),
  gen_spread: z.nullable(z.looseObject({ params: z.array(z.number()), poi_true: z.number() })),
  /** Sha256 of each nextstat binary that fitted the toys, as far as they are known. */
  nextstat_sha256s: z.optional(z.array(z.string())),
  missing: z.array(z.looseObject({ toy_start: z.int(), n_toys: Count, seed: Count })),
  guardrails: z.nullable(
    z.looseObject({ passed: z.boolean(), failures: z.array(z.string()), asked: RequestedGuardrails }),
  ),
  /** Fit quality of the toys; null if nothing was merged. */
  fits: z.nullable(FitQuality),
  /** The result in lines, of a workload whose toys have no values of their own. */
  result: z.optional(z.array(z.string())),
  problems: z.array(Problem),
  times: z.nullable(RunTimes),
  /** Lines to show to the user. */
  notes: z.array(z.string()),
  exit_code: z.int(),
});
export type MergeReport = z.infer<typeof MergeReport>;
