import * as z from "./zod.ts";
import { Count, InputFile } from "./enums.ts";

const Ranges = z.array(z.looseObject({ seed: Count, n_toys: Count }));

/** The member merge.farm of a merged document of counts, of any workload: facts that another merge needs. */
export const CountedFarm = z.looseObject({
  workload: z.string(),
  nsfarm_version: z.string(),
  run_tokens: z.array(z.string()),
  nextstat_version: z.nullable(z.string()),
  nextstat_sha256s: z.array(z.string()),
  /** null, as for inputs: no source has a record. */
  spec_sha256: z.nullable(z.string()),
  inputs: z.nullable(z.array(InputFile)),
  hosts: z.array(z.string()),
  threads: z.array(Count),
  partial: z.boolean(),
  missing: Ranges,
  left_out: z.array(z.string()),
  /** Shards of the run that were taken without a record (--accept-unrecorded). */
  unrecorded: z.optional(z.array(Count)),
  seed_ranges: Ranges,
});
export type CountedFarm = z.infer<typeof CountedFarm>;

/** The member merge of such a document. */
export const CountedMergeInfo = z.looseObject({
  created_at_utc: z.string(),
  n_shards: Count,
  sources: z.array(z.looseObject({
    shard_index: z.nullable(Count),
    host: z.nullable(z.string()),
    toy_start: Count,
    n_toys: Count,
    path: z.string(),
  })),
  /** null: merged from outputs that were named one by one. */
  manifest: z.nullable(z.looseObject({ run_id: z.string(), path: z.string() })),
  farm: CountedFarm,
});
