import * as z from "./zod.ts";
import { CountedFarm, CountedMergeInfo } from "./counted.ts";
import { Count, Interval } from "./enums.ts";

/** `schema_version` of manifest.json of a run of hypothesis tests. */
export const HYPOTEST_RUN_SCHEMA = "nextstat.cpu_farm_hypotest_toys_run.v1";
/** `schema_version` of merged.out.json of a run of hypothesis tests. */
export const HYPOTEST_MERGED_SCHEMA = "nextstat.cpu_farm_hypotest_toys_merged.v1";

/** One number for each hypothesis: background only, and signal plus background. */
const PerHypothesis = z.looseObject({ b: Count, sb: Count });

/** Output of `nextstat hypotest-toys` and `unbinned-hypotest-toys` (nextstat 0.10.1). */
export const HypotestOutput = z.looseObject({
  clb: z.number(),
  cls: z.number(),
  clsb: z.number(),
  expected_set: z.optional(z.nullable(z.looseObject({}))),
  /** Only of unbinned specs. */
  input_schema_version: z.optional(z.string()),
  mu_hat: z.number(),
  mu_test: z.number(),
  n_error: PerHypothesis,
  n_nonconverged: PerHypothesis,
  /** Toys of each hypothesis. */
  n_toys: PerHypothesis,
  poi_index: z.optional(Count),
  q_obs: z.number(),
  seed: Count,
});
export type HypotestOutput = z.infer<typeof HypotestOutput>;

/** Toys of one hypothesis: `k` of `n` have a test statistic of at least the observed one. */
export const ToyTail = z.looseObject({
  k: Count,
  n: Count,
  /** (k + 1) / (n + 1), as nextstat computes it. */
  p: z.number(),
  /** Clopper-Pearson interval of 68.27 % for the probability. */
  interval: Interval,
});
export type ToyTail = z.infer<typeof ToyTail>;

/** Toys of a test, and how many of them failed. */
export const FailedToys = z.looseObject({
  n_toys: PerHypothesis,
  /** Toys without a test statistic; they do not count in n. */
  n_error: PerHypothesis,
  /** Toys whose fit did not converge; they count with the value that it reached. */
  n_nonconverged: PerHypothesis,
});
export type FailedToys = z.infer<typeof FailedToys>;

/** What toys do not vary: the auxiliary data of these parameters; null: which ones is not known. */
export const FixedAuxiliary = z.looseObject({ parameters: z.nullable(z.array(z.string())) });
export type FixedAuxiliary = z.infer<typeof FixedAuxiliary>;

/** Probability of the observed counts under each hypothesis: such toys tie with the observed data. */
export const TieProbability = z.looseObject({
  b: z.number(),
  sb: z.number(),
  /** The parameters at which it is: the fit of each hypothesis to the observed data, or their nominal values. */
  at: z.enum(["conditional_fit", "nominal"]),
});
export type TieProbability = z.infer<typeof TieProbability>;

/** The tie probabilities of a test, and what they do to its CLs. */
export const Ties = z.extend(TieProbability, {
  /** Least and greatest CLs if CLs+b and CLb move by these probabilities. */
  cls_range: Interval,
});
export type Ties = z.infer<typeof Ties>;

/** CLs of a test without toys, by the asymptotic formulae. */
export const Asymptotic = z.looseObject({
  cls: z.number(),
  clsb: z.number(),
  clb: z.number(),
  /** CLs for -2, -1, 0, 1 and 2 standard deviations of the background alone, where nextstat gives them. */
  expected: z.optional(z.nullable(z.array(z.number()))),
});
export type Asymptotic = z.infer<typeof Asymptotic>;

/** merged.out.json of hypothesis tests: the output of one nextstat run of all toys, with its origin and its errors. */
export const HypotestMerged = z.extend(HypotestOutput, {
  merge: z.extend(CountedMergeInfo, {
    schema_version: z.literal(HYPOTEST_MERGED_SCHEMA),
    farm: z.extend(CountedFarm, {
      tails: z.looseObject({ sb: ToyTail, b: ToyTail }),
      /** Standard deviation of CLs from the number of toys alone. */
      cls_error: z.number(),
      failed: z.looseObject({
        /** Toys without a test statistic; they do not count in n. */
        n_error: PerHypothesis,
        /** Toys whose fit did not converge; they count with the value that it reached. */
        n_nonconverged: PerHypothesis,
        /** Least and greatest CLs if all of these toys had fallen on either side. */
        cls_range: Interval,
      }),
      /**
       * Greatest minus least value of the shards: each computes it anew from the observed data. At most so much where
       * merged documents were merged.
       */
      spread: z.looseObject({ q_obs: z.number(), mu_hat: z.number() }),
      asymptotic: z.nullable(Asymptotic),
      /** Of a workspace with constrained parameters; absent: it has none, or an earlier version merged it. */
      fixed_auxiliary: z.optional(FixedAuxiliary),
      /** Where the observed counts have a probability of 0.001 or more under a hypothesis. */
      ties: z.optional(Ties),
    }),
  }),
});
export type HypotestMerged = z.infer<typeof HypotestMerged>;
