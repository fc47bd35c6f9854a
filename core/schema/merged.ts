import * as z from "zod/mini";
import { PullSums } from "../merge/param_pulls.ts";
import { Count, InputFile } from "./enums.ts";
import { FitQuality } from "./fit_quality.ts";
import { AskedGuardrails } from "./manifest.ts";
import { MERGED_SCHEMA } from "./merge_report.ts";
import { OutputFrame } from "./shard_output.ts";

const Ranges = z.array(z.looseObject({ seed: Count, n_toys: Count }));
const Text = z.optional(z.nullable(z.string()));

/** What merge.farm says of the sources, as far as another merge needs it. */
export const MergedFarm = z.looseObject({
  run_tokens: z.array(z.string()),
  nextstat_version: Text,
  /** null: several, or none is known. */
  nextstat_sha256: Text,
  nextstat_sha256s: z.optional(z.array(z.string())),
  spec_sha256: Text,
  inputs: z.optional(z.nullable(z.array(InputFile))),
  hosts: z.array(z.string()),
  threads: z.array(Count),
  missing: Ranges,
  seed_ranges: Ranges,
  gen_spread: z.optional(z.nullable(z.looseObject({}))),
  frozen_gen: z.optional(z.nullable(z.record(z.string(), z.number()))),
  not_merged: z.record(z.string(), z.string()),
  /** The following four are not in what older versions merged. `pulls`: whether they were asked for, null: unknown. */
  pulls: z.optional(z.nullable(z.boolean())),
  pull_sums: z.optional(z.nullable(PullSums)),
  /** Where the toys were generated; null: all with the very same numbers. */
  points: z.optional(z.nullable(z.array(z.looseObject({
    hosts: z.array(z.string()),
    threads: z.array(Count),
    params: z.array(z.number()),
    poi_true: z.number(),
    seed_ranges: Ranges,
  })))),
  fits: z.optional(FitQuality),
});
export type MergedFarm = z.infer<typeof MergedFarm>;

/** merged.out.json: as one unsharded nextstat output, and where it comes from. */
export const Merged = z.extend(OutputFrame, {
  merge: z.looseObject({
    schema_version: z.literal(MERGED_SCHEMA),
    created_at_utc: z.string(),
    n_shards: Count,
    sources: z.array(z.looseObject({
      shard_index: z.nullable(Count),
      host: z.nullable(z.string()),
      toy_start: z.int(),
      n_toys: Count,
      path: z.string(),
    })),
    manifest: z.nullable(z.looseObject({ run_id: z.string(), path: z.string() })),
    farm: z.optional(z.looseObject({})),
  }),
});
export type Merged = z.infer<typeof Merged>;

/** What merged.out.json says of itself, without its toys; by the old scripts' merge or by ours. */
export const MergedAbout = z.looseObject({
  gen: z.looseObject({ seed: Count, n_toys: Count }),
  guardrails: z.optional(z.nullable(z.looseObject({
    passed: z.boolean(),
    failures: z.optional(z.array(z.string())),
    ...z.partial(AskedGuardrails).shape,
  }))),
  merge: z.looseObject({
    schema_version: z.literal(MERGED_SCHEMA),
    sources: z.array(z.looseObject({ shard_index: z.nullable(Count), toy_start: z.int(), n_toys: Count })),
    farm: z.optional(z.looseObject({
      partial: z.optional(z.boolean()),
      run_tokens: z.optional(z.array(z.string())),
      spec_sha256: z.optional(z.nullable(z.string())),
      fits: z.optional(FitQuality),
    })),
  }),
});
export type MergedAbout = z.infer<typeof MergedAbout>;
