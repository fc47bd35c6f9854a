import * as z from "./zod.ts";
import { Count, Interval } from "./enums.ts";
import { Asymptotic, FailedToys, FixedAuxiliary, Ties, ToyTail } from "./hypotest.ts";
import { SCAN_RUNS, SCAN_TOYS } from "./scan.ts";

/** `schema_version` of a `<limit_id>.limit.json`. */
export const LIMIT_SCHEMA = "nextstat.cpu_farm_limit.v1";
/** `schema_version` of the output of limit summarize --json. */
export const LIMIT_SUMMARY_SCHEMA = "nextstat.cpu_farm_limit_summary.v1";

/** `<limit_id>.limit.json`: one run for each tested value of the POI, in ascending order. */
export const Limit = z.looseObject({
  schema_version: z.literal(LIMIT_SCHEMA),
  created_at_utc: z.string(),
  nsfarm_version: z.string(),
  limit_id: z.string(),
  ...SCAN_RUNS,
  ...SCAN_TOYS,
  points: z.array(z.looseObject({ mu: z.number(), run_id: z.string() })).check(z.minLength(1)),
  /** Toys that each point is to have after each round of additions; a repeated command continues from them. */
  rounds: z.array(z.looseObject({
    at_utc: z.string(),
    toys: z.array(z.looseObject({ run_id: z.string(), n_toys: Count })),
  })),
});
export type Limit = z.infer<typeof Limit>;

const Value = z.nullable(z.number());

/** One tested value of the POI; null: its run is not merged. */
export const LimitPoint = z.looseObject({
  mu: z.number(),
  run_id: z.string(),
  n_toys: z.nullable(Count),
  cls: Value,
  cls_error: Value,
  clsb: z.nullable(ToyTail),
  clb: z.nullable(ToyTail),
  /** Least and greatest CLs if the failed toys had fallen on either side. */
  cls_range: z.nullable(Interval),
  /** Toys of both hypotheses whose fits failed. */
  failed: z.optional(z.nullable(FailedToys)),
  /** Where the observed counts themselves are probable; null: they are not, or it is not known. */
  ties: z.optional(z.nullable(Ties)),
  /** null: no constrained parameters, or it is not known. */
  fixed_auxiliary: z.optional(z.nullable(FixedAuxiliary)),
  asymptotic: z.nullable(Asymptotic),
  /** What its run says of the fits that made it. */
  marks: z.optional(z.array(z.string())),
  /** Whether its result is shown to depend on where its fits start; absent: it is not. */
  depends_on_start: z.optional(z.literal(true)),
});
export type LimitPoint = z.infer<typeof LimitPoint>;

/** Least and greatest limit; null: beyond the tested values. */
export const LimitRange = z.tuple([Value, Value]);
export type LimitRange = z.infer<typeof LimitRange>;

/** The points at which something may move CLs, and the limit with the least and with the greatest CLs of each. */
const Moved = z.looseObject({ mu: z.array(z.number()), limit_range: z.nullable(LimitRange) });

/** What may move a limit beyond its error; null: nothing of this kind. */
export const LimitCaveats = z.looseObject({
  /** Toys whose fits failed, as if they had fallen on either side. */
  failed: z.nullable(Moved),
  /** Toys with the observed counts, as if they had fallen on either side. */
  ties: z.nullable(Moved),
  /** Auxiliary data that no toy varies. */
  fixed_auxiliary: z.nullable(FixedAuxiliary),
});
export type LimitCaveats = z.infer<typeof LimitCaveats>;

/** An upper limit: where CLs crosses 1 - cl. */
export const UpperLimit = z.looseObject({
  value: z.number(),
  /** Standard deviation by the number of toys. */
  error: z.number(),
  /** The two tested values between which it lies. */
  between: Interval,
});
export type UpperLimit = z.infer<typeof UpperLimit>;

/** Output of limit summarize --json. */
export const LimitSummary = z.looseObject({
  schema_version: z.literal(LIMIT_SUMMARY_SCHEMA),
  limit_id: z.string(),
  ...SCAN_RUNS,
  cl: z.number(),
  points: z.array(LimitPoint),
  /** null: no two neighbouring points enclose it; `why` says what lacks. */
  limit: z.nullable(UpperLimit),
  why: z.nullable(z.string()),
  caveats: z.optional(LimitCaveats),
  /** Wanted error of the limit; null: none. */
  accuracy: Value,
  is_accurate: z.nullable(z.boolean()),
  /** Toys of all points, each of both hypotheses. */
  n_toys: Count,
  asymptotic: z.nullable(z.looseObject({
    observed: Value,
    /** For -2, -1, 0, 1 and 2 standard deviations of the background alone. */
    expected: z.array(Value),
  })),
});
export type LimitSummary = z.infer<typeof LimitSummary>;
