import * as z from "zod/mini";
import { FitQuality } from "./fit_quality.ts";
import { Count } from "./kinds.ts";

/** `schema_version` of merge_status.json. */
export const MERGE_STATUS_SCHEMA = "nextstat.cpu_farm_merge_status.v1";
/** `schema_version` of merged.out.json. */
export const MERGED_SCHEMA = "nextstat.cpu_farm_unbinned_fit_toys_merged.v1";

/** Why a shard, or the set, cannot be merged. */
export const Problem = z.strictObject({ shard_index: z.nullable(Count), what: z.string() });
export type Problem = z.infer<typeof Problem>;

/** merge_status.json: the last attempt to merge. */
export const MergeStatus = z.looseObject({
  schema_version: z.literal(MERGE_STATUS_SCHEMA),
  created_at_utc: z.string(),
  ok: z.boolean(),
  partial: z.boolean(),
  guardrails_passed: z.nullable(z.boolean()),
  problems: z.array(Problem),
  merged: z.nullable(z.string()),
  farm: z.optional(z.looseObject({
    merged_sha256: z.optional(z.nullable(z.string())),
    /** How the merged toys were fitted; null where nothing was merged. */
    fits: z.optional(z.nullable(FitQuality)),
  })),
});
export type MergeStatus = z.infer<typeof MergeStatus>;
