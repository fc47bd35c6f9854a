import type { FitQuality } from "../schema/fit_quality.ts";
import type { SeedRange } from "../toy_ranges.ts";
import type { PullSums } from "./param_pulls.ts";

/** Where some toys were generated, and with what: `--gen mle` fits the observed data in each shard. */
export interface GenPoint {
  /** Of which machines and counts of threads they may be; none: not known. */
  hosts: readonly string[];
  threads: readonly number[];
  params: readonly number[];
  poi_true: number;
  seed_ranges: readonly SeedRange[];
}

/** What a merged document tells of its sources, so that it can be merged in their place. */
export interface MergedFacts {
  /** Sorted, none touches another. Its toys follow each other in the arrays. */
  seed_ranges: readonly SeedRange[];
  hosts: readonly string[];
  threads: readonly number[];
  run_tokens: readonly string[];
  nextstat_sha256s: readonly string[];
  /** null: it does not say whether pulls were asked for. */
  pulls: boolean | null;
  pull_sums: PullSums | null;
  /** null: all toys were generated with the very same numbers. */
  points: readonly GenPoint[] | null;
  frozen_gen: Readonly<Record<string, number>> | null;
  not_merged: readonly string[];
  /** How its toys were fitted; null: it does not say. */
  fits: FitQuality | null;
}
