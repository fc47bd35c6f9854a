import * as z from "./zod.ts";
import { Count } from "./enums.ts";
import { MergedStarts, StartsCheck } from "./starts.ts";

/** Lower and upper bound of a parameter. */
export const Bounds = z.tuple([z.number(), z.number()]);
export type Bounds = z.infer<typeof Bounds>;

/** Evidence that toys were not fitted correctly. */
export const FitFinding = z.looseObject({
  kind: z.enum(["lower_bound", "upper_bound", "all_equal", "mean", "median"]),
  /** The bound, the common value of all toys, or the mean or median of the fitted POI. */
  value: z.number(),
  /** Number of toys to which the finding applies. */
  n: Count,
  /** For a bound: largest number of toys to expect there from fits that work. */
  expected: z.nullable(z.number()),
  /** Error of a mean or median. */
  error: z.nullable(z.number()),
});
export type FitFinding = z.infer<typeof FitFinding>;

/** A warning of nextstat on its stderr, and the number of shards with it. */
export const FitWarning = z.looseObject({
  text: z.string(),
  n_shards: Count,
  /** Counted in the kept last lines of each shard's stderr. */
  n_lines: Count,
});
export type FitWarning = z.infer<typeof FitWarning>;

/** Fit quality of a set of toys; nothing speaks against the fits if `findings` and `warnings` are empty. */
export const FitQuality = z.looseObject({
  poi: z.string(),
  /** POI value at which the toys were generated; null: the shards disagree. */
  poi_true: z.nullable(z.number()),
  /** Bounds of the POI in the spec; null if no manifest has them. */
  poi_bounds: z.nullable(Bounds),
  /** Number of toys with a fitted POI. */
  n_toys: Count,
  /** null: the bounds are unknown. */
  n_on_lower: z.nullable(Count),
  n_on_upper: z.nullable(Count),
  findings: z.array(FitFinding),
  warnings: z.array(FitWarning),
  /** Number of shards of the set, the denominator of a warning's n_shards. */
  n_shards: Count,
  /** Of toys that were fitted from several starts. */
  starts: z.optional(MergedStarts),
  /** Of trial toys, where they show that fits from one start miss the minimum. */
  starts_check: z.optional(StartsCheck),
  /** What speaks against the fit of the observed data, where fits start; of toys that stay on a bound only. */
  reasons: z.optional(z.array(z.string())),
});
export type FitQuality = z.infer<typeof FitQuality>;
