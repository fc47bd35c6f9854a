import * as z from "zod/mini";
import { Count } from "./enums.ts";

export const PLAN_SCHEMA = "nextstat.cpu_farm_plan.v1";

/** Of several draws of the toys' times: the middle one, and between what two thirds of them lie; null: not known. */
const Band = z.strictObject({ median: z.number(), q16: z.nullable(z.number()), q84: z.nullable(z.number()) });

/** What a shard count comes to; seconds. */
export const PlannedCount = z.looseObject({
  shards: Count,
  /** Each shard taken by the slot that is free first. */
  pulled_makespan_s: Band,
  /** Shards given to slots beforehand. */
  static_makespan_s: z.number(),
  max_shard_elapsed_s: z.number(),
  /** Seconds for which slots are taken. */
  slot_s: z.number(),
  /** CPU seconds, as the pilot's shards used them of their slots' time. */
  cpu_s: z.nullable(z.number()),
  startup_share: z.number(),
});
export type PlannedCount = z.infer<typeof PlannedCount>;

/** What `plan --json` prints. */
export const ShardingPlan = z.looseObject({
  schema_version: z.literal(PLAN_SCHEMA),
  pilot: z.looseObject({ run_id: z.string(), scheduler: z.string(), n_toys: Count, shards: Count }),
  n_toys: Count,
  slots: z.array(z.looseObject({ host: z.string(), slots: Count, is_measured: z.boolean() })),
  n_slots: Count,
  terms: z.looseObject({
    hosts: z.array(z.looseObject({ host: z.string(), slots: Count, toy_s: z.number(), startup_s: z.number() })),
    gap_s: z.nullable(z.number()),
    stagger_s: z.number(),
    queue_s: z.nullable(z.number()),
    /** null: no host of the pilot had two shards. */
    spread: z.nullable(z.looseObject({ toy: z.number(), shard: z.number() })),
    toy_error: z.nullable(z.number()),
    cpu_share: z.nullable(z.number()),
  }),
  counts: z.array(PlannedCount),
  recommended: z.looseObject({ shards: Count, time_limit_s: z.number(), memory_mib: z.nullable(z.number()) }),
  /** The plan's own prediction for the pilot, and what was measured. */
  self_check: z.looseObject({ predicted_s: z.number(), measured_s: z.nullable(z.number()) }),
  /** Relative: how far the predictions may be off as far as the pilot tells; null: it does not. */
  uncertainty: z.nullable(z.number()),
  warnings: z.array(z.string()),
});
export type ShardingPlan = z.infer<typeof ShardingPlan>;
