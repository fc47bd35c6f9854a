import * as z from "zod/mini";
import { Count } from "./kinds.ts";
import { AskedGuardrails } from "./manifest.ts";
import { MERGED_SCHEMA } from "./merge_status.ts";
import { OutputFrame } from "./shard_output.ts";

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
    })),
  }),
});
export type MergedAbout = z.infer<typeof MergedAbout>;
