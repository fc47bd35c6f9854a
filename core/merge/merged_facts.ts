import type { FitQuality } from "../schema/fit_quality.ts";
import type { PartStarts } from "../starts/tally.ts";
import type { SeedRange } from "../toy_ranges.ts";
import type { PullSums } from "./param_pulls.ts";

/** Generation point of some toys, and its origin: `--gen mle` fits the observed data in every shard. */
export interface GenPoint {
  /** Possible hosts of the fit; empty: unknown. */
  hosts: readonly string[];
  threads: readonly number[];
  params: readonly number[];
  poi_true: number;
  seed_ranges: readonly SeedRange[];
}

/** Facts of a merged document about its sources, so that it can be merged in their place. */
export interface MergedFacts {
  /** Sorted and disjoint; the toys in the arrays have the same order. */
  seed_ranges: readonly SeedRange[];
  hosts: readonly string[];
  threads: readonly number[];
  run_tokens: readonly string[];
  nextstat_sha256s: readonly string[];
  /** null: the document does not say whether pulls were requested. */
  pulls: boolean | null;
  pull_sums: PullSums | null;
  /** null: all toys were generated at exactly the same point. */
  points: readonly GenPoint[] | null;
  frozen_gen: Readonly<Record<string, number>> | null;
  not_merged: readonly string[];
  /** Fit quality of the toys; null: the document has none. */
  fits: FitQuality | null;
  /** null: its toys had one start each. */
  starts: PartStarts | null;
}
