import * as z from "./zod.ts";
import { Count, Interval } from "./enums.ts";
import { SCAN_RUNS, SCAN_TOYS } from "./scan.ts";

/** `schema_version` of an `<inject_id>.inject.json`. */
export const INJECT_SCHEMA = "nextstat.cpu_farm_inject.v1";
/** `schema_version` of the output of inject summarize --json. */
export const INJECT_SUMMARY_SCHEMA = "nextstat.cpu_farm_inject_summary.v1";

/** `<inject_id>.inject.json`: one run of toys for each injected value of a parameter, in ascending order. */
export const Inject = z.looseObject({
  schema_version: z.literal(INJECT_SCHEMA),
  created_at_utc: z.string(),
  nsfarm_version: z.string(),
  inject_id: z.string(),
  ...SCAN_RUNS,
  /** Name of the injected parameter. */
  parameter: z.string(),
  ...SCAN_TOYS,
  points: z.array(z.looseObject({ value: z.number(), run_id: z.string() })).check(z.minLength(1)),
});
export type Inject = z.infer<typeof Inject>;

/** A value and its standard deviation. */
export const Estimate = z.looseObject({ value: z.number(), error: z.number() });
export type Estimate = z.infer<typeof Estimate>;

/** k of n toys, with the Clopper-Pearson interval of 68 %. */
export const ToyRate = z.looseObject({
  k: Count,
  n: Count,
  p: z.number(),
  interval: Interval,
});
export type ToyRate = z.infer<typeof ToyRate>;

/**
 * flagged: evidence against the fits. acceptable: mean and width of the pulls are shown to be within the thresholds.
 * undecided: neither; more toys are needed. not_judged: a bound of the POI is so near that the pulls are one-sided.
 * unfinished: the run is not merged.
 */
export const PointVerdict = z.enum(["flagged", "acceptable", "undecided", "not_judged", "unfinished"]);
export type PointVerdict = z.infer<typeof PointVerdict>;

/** The toys of one injected value; members are null where the run is not merged or has too few pulls for them. */
export const InjectPoint = z.looseObject({
  value: z.number(),
  run_id: z.string(),
  /** The POI with which the toys were generated. */
  poi_true: z.nullable(z.number()),
  n_toys: z.nullable(Count),
  /** Fits that ended with an error or did not converge: they have no pull. */
  failed: z.nullable(ToyRate),
  /** Converged fits without a usable sigma (0, far below the others', or with the POI on a bound): they have no pull. */
  n_without_sigma: z.nullable(Count),
  /** Mean of fitted minus generated POI, of converged fits. */
  bias: z.nullable(Estimate),
  pull_mean: z.nullable(Estimate),
  /** Standard deviation of the pulls. */
  pull_width: z.nullable(Estimate),
  pull_median: z.nullable(Estimate),
  /** Toys with |pull| below 1 and below 2. */
  coverage: z.nullable(z.looseObject({ sigma_1: ToyRate, sigma_2: ToyRate })),
  verdict: PointVerdict,
  /** Why the verdict does not stand without a mark: the fits may miss the minimum; absent: nothing shows it. */
  mark: z.optional(z.string()),
  /** The reasons of the verdict, each in a line. */
  why: z.array(z.string()),
  /** Toys to add for a verdict, about; null: none, or no toy has a pull. */
  more_toys: z.nullable(Count),
});
export type InjectPoint = z.infer<typeof InjectPoint>;

/** What an injection study accepts. */
export const InjectThresholds = z.looseObject({
  /** Largest |mean pull|. */
  max_bias: z.number(),
  /** Largest |width of the pulls - 1|. */
  width_tolerance: z.number(),
  /** Largest rate of failed fits. */
  max_failed: z.number(),
  /** Probability that any point of a study within the thresholds is flagged, at most. */
  false_alarm: z.number(),
});
export type InjectThresholds = z.infer<typeof InjectThresholds>;

/** Output of inject summarize --json. */
export const InjectSummary = z.looseObject({
  schema_version: z.literal(INJECT_SUMMARY_SCHEMA),
  inject_id: z.string(),
  ...SCAN_RUNS,
  parameter: z.string(),
  /** Name of the POI; null: no point has a result. */
  poi: z.nullable(z.string()),
  thresholds: InjectThresholds,
  /** Range of coverage that the thresholds allow Gaussian pulls. */
  coverage_range: z.looseObject({
    sigma_1: Interval,
    sigma_2: Interval,
  }),
  points: z.array(InjectPoint),
  /** unfinished: a point is not merged, and none is flagged. */
  verdict: PointVerdict,
  n_toys: Count,
});
export type InjectSummary = z.infer<typeof InjectSummary>;
