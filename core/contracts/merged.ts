import * as z from "zod";
import { Count } from "./kinds.ts";
import { MERGED_SCHEMA } from "./merge_status.ts";
import { OutputFrame } from "./shard_output.ts";

/** merged.out.json: as one unsharded nextstat output, and where it comes from. */
export const Merged = OutputFrame.extend({
  merge: z.looseObject({
    schema_version: z.literal(MERGED_SCHEMA),
    created_at_utc: z.string(),
    n_shards: Count,
    sources: z.array(z.looseObject({
      shard_index: Count.nullable(),
      host: z.string().nullable(),
      toy_start: z.int(),
      n_toys: Count,
      path: z.string(),
    })),
    manifest: z.looseObject({ run_id: z.string(), path: z.string() }).nullable(),
    farm: z.looseObject({}).optional(),
  }),
});
export type Merged = z.infer<typeof Merged>;
