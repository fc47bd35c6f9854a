import * as z from "./zod.ts";
import { Count, InputFile, PositiveCount, Sha256 } from "./enums.ts";

/** One start of the fits: they begin at the best fit of its data. */
export const Start = z.looseObject({
  index: Count,
  /** Spec in the run directory that names its data; null: the run's own spec and data. */
  spec: z.nullable(z.string()),
  /** Its data files, joined by ", ". */
  data_file: z.string(),
  /** Of its data file; of several: of the text of their sums. */
  sha256: Sha256,
});
export type Start = z.infer<typeof Start>;

/** manifest.farm.starts: the starts from which each toy of a run is fitted. */
export const RunStarts = z.looseObject({
  /** Value of --starts. */
  asked: z.union([PositiveCount, z.literal("auto")]),
  k: PositiveCount,
  list: z.array(Start).check(z.minLength(1)),
  /** Files of all starts, by their paths in the run directory. */
  files: z.array(InputFile),
  mtimes_ms: z.optional(z.record(z.string(), z.number())),
  /** Data sets that were made and fitted, and those whose fit can be a start. */
  n_candidates: Count,
  n_valid: Count,
  /** Toys on which the starts were chosen. */
  n_trial_toys: Count,
  /**
   * Trial toys that chose no start, and those of them whose lowest minimum of all data sets the first k starts miss;
   * `n_unsure`: or that one data set of all found alone.
   */
  table: z.optional(
    z.array(
      z.looseObject({
        k: PositiveCount,
        n_toys: Count,
        n_missed: Count,
        n_unsure: z.optional(Count),
        cpu_s: z.number(),
      }),
    ),
  ),
});
export type RunStarts = z.infer<typeof RunStarts>;

/** manifest.farm.starts_check: trial toys of a run without starts, fitted as nextstat starts and from other starts. */
export const StartsCheck = z.looseObject({
  n_toys: Count,
  n_starts: Count,
  /** Toys that another start fitted to a lower NLL, and the largest difference. */
  n_lower: Count,
  worst_nll: z.number(),
  /** Mean of the fitted POI as nextstat starts, and of the lowest fit of each toy. */
  poi_mean: z.number(),
  poi_mean_lowest: z.number(),
});
export type StartsCheck = z.infer<typeof StartsCheck>;

/** manifest.farm.hypotheses_check: such trial toys of one hypothesis of a test of an unbinned spec. */
export const HypothesisCheck = z.looseObject({
  hypothesis: z.enum(["sb", "b"]),
  /** Value of the POI at which they are generated. */
  mu: z.number(),
  ...StartsCheck.shape,
});
export type HypothesisCheck = z.infer<typeof HypothesisCheck>;

/** What a set of toys shows of one start. */
export const StartTally = z.looseObject({
  index: Count,
  /** Toys whose lowest minimum only this start reached. */
  n_lowest_alone: Count,
  /** Toys whose lowest minimum this start did not reach, and the largest difference in NLL. */
  n_missed: Count,
  worst_missed_nll: z.number(),
});
export type StartTally = z.infer<typeof StartTally>;

/** The member farm.starts of a shard's output: the fit of the lowest NLL of each toy was kept. */
export const OutputStarts = z.looseObject({
  k: PositiveCount,
  starts: z.array(StartTally),
  /** Toys whose lowest minimum only one start reached. */
  n_found_by_one: Count,
  /** Start of each toy's fit. */
  of_toys: z.array(z.unknown()),
});
export type OutputStarts = z.infer<typeof OutputStarts>;

/** The member merge.farm.starts of a merged document. */
export const MergedStarts = z.looseObject({
  k: PositiveCount,
  n_toys: Count,
  starts: z.array(
    z.looseObject({ ...StartTally.shape, data_file: z.nullable(z.string()), sha256: z.nullable(Sha256) }),
  ),
  n_found_by_one: Count,
  /** Trial toys that chose no start, and those that other data sets fitted to a lower minimum than all starts. */
  n_trial_toys: z.optional(Count),
  n_trial_missed: z.optional(Count),
  /**
   * Upper limit (95 %, Clopper and Pearson) of the fraction of toys that only one start finds, or of that of trial toys in
   * which other data sets went lower, or one of all found the minimum alone: the larger one.
   */
  missed_bound: z.number(),
  /** Good and Turing's estimate of the fraction of toys for which one more such start finds a lower minimum. */
  missed_estimate: z.number(),
  /** Share of toys found by one start alone above which the results are marked. */
  max_missed: z.number(),
});
export type MergedStarts = z.infer<typeof MergedStarts>;
