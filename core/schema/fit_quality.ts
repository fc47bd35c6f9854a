import * as z from "zod/mini";
import { Count } from "./enums.ts";

/** Lower and upper bound of a parameter. */
export const Bounds = z.tuple([z.number(), z.number()]);
export type Bounds = z.infer<typeof Bounds>;

/** What shows that toys were not fitted as they should have been. */
export const FitFinding = z.looseObject({
  kind: z.enum(["lower_bound", "upper_bound", "all_equal", "mean", "median"]),
  /** The bound, the one value of all toys, or the mean or median of the fitted POI. */
  value: z.number(),
  /** Toys of which it is said. */
  n: Count,
  /** On a bound: the most toys there that fits which work lead to expect. */
  expected: z.nullable(z.number()),
  /** Of a mean or median. */
  error: z.nullable(z.number()),
});
export type FitFinding = z.infer<typeof FitFinding>;

/** A warning of nextstat on its stderr, and how many shards have it. */
export const FitWarning = z.looseObject({
  text: z.string(),
  n_shards: Count,
  /** As far as the kept last lines of each shard's stderr tell. */
  n_lines: Count,
});
export type FitWarning = z.infer<typeof FitWarning>;

/** How the toys of a set were fitted, and what speaks against it: nothing does where `findings` and `warnings` are empty. */
export const FitQuality = z.looseObject({
  poi: z.string(),
  /** At which the toys were generated; null: the shards do not agree. */
  poi_true: z.nullable(z.number()),
  /** Of the spec; null where no manifest tells. */
  poi_bounds: z.nullable(Bounds),
  /** Toys with a fitted POI. */
  n_toys: Count,
  /** null: the bounds are not known. */
  n_on_lower: z.nullable(Count),
  n_on_upper: z.nullable(Count),
  findings: z.array(FitFinding),
  warnings: z.array(FitWarning),
  /** Shards of the set: what n_shards of a warning is out of. */
  n_shards: Count,
});
export type FitQuality = z.infer<typeof FitQuality>;
