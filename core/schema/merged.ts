import * as z from "./zod.ts";
import { PullSums } from "../merge/param_pulls.ts";
import { Count, InputFile } from "./enums.ts";
import { FitQuality } from "./fit_quality.ts";
import { RequestedGuardrails } from "./manifest.ts";
import { MergedStarts, StartsCheck } from "./starts.ts";
import { MERGED_SCHEMA, OutputFrame } from "./shard_output.ts";

const Ranges = z.array(z.looseObject({ seed: Count, n_toys: Count }));
const Text = z.optional(z.nullable(z.string()));

/** The member merge.farm: facts about the sources that another merge needs. */
export const MergedFarm = z.looseObject({
  run_tokens: z.array(z.string()),
  nextstat_version: Text,
  /** null: several, or unknown. */
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
  /** Absent in older versions, as the next three. `pulls`: whether pulls were requested; null: unknown. */
  pulls: z.optional(z.nullable(z.boolean())),
  pull_sums: z.optional(z.nullable(PullSums)),
  /** Generation points of the toys; null: all at exactly the same point. */
  points: z.optional(z.nullable(z.array(z.looseObject({
    hosts: z.array(z.string()),
    threads: z.array(Count),
    params: z.array(z.number()),
    poi_true: z.number(),
    seed_ranges: Ranges,
  })))),
  fits: z.optional(FitQuality),
  starts: z.optional(MergedStarts),
  starts_check: z.optional(StartsCheck),
});
export type MergedFarm = z.infer<typeof MergedFarm>;

/** merged.out.json: the output of one unsharded nextstat run, with its origin. */
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

/** Members of merged.out.json about itself, without its toys; by the old scripts' merge or by this program. */
export const MergedAbout = z.looseObject({
  gen: z.looseObject({ seed: Count, n_toys: Count }),
  guardrails: z.optional(z.nullable(z.looseObject({
    passed: z.boolean(),
    failures: z.optional(z.array(z.string())),
    ...z.partial(RequestedGuardrails).shape,
  }))),
  merge: z.looseObject({
    schema_version: z.literal(MERGED_SCHEMA),
    sources: z.array(z.looseObject({ shard_index: z.nullable(Count), toy_start: z.int(), n_toys: Count })),
    farm: z.optional(z.looseObject({
      partial: z.optional(z.boolean()),
      run_tokens: z.optional(z.array(z.string())),
      spec_sha256: z.optional(z.nullable(z.string())),
      fits: z.optional(FitQuality),
      starts: z.optional(MergedStarts),
      starts_check: z.optional(StartsCheck),
    })),
  }),
});
export type MergedAbout = z.infer<typeof MergedAbout>;
