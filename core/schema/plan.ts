import * as z from "./zod.ts";
import { Count } from "./enums.ts";

export const PLAN_SCHEMA = "nextstat.cpu_farm_plan.v1";

/** Makespans over several random draws of the toys' times: median, and the central 68 %; null: unknown. */
const Band = z.strictObject({ median: z.number(), q16: z.nullable(z.number()), q84: z.nullable(z.number()) });

/** Predictions for a shard count; times in seconds. */
export const PlannedCount = z.looseObject({
  shards: Count,
  /** Makespan if the first free slot takes the next shard. */
  pulled_makespan_s: Band,
  /** Makespan if each slot has a fixed list of shards. */
  static_makespan_s: z.number(),
  max_shard_elapsed_s: z.number(),
  /** Sum of the times during which slots are occupied, in seconds. */
  slot_s: z.number(),
  /** CPU seconds, in the pilot's ratio to slot time. */
  cpu_s: z.nullable(z.number()),
  startup_share: z.number(),
});
export type PlannedCount = z.infer<typeof PlannedCount>;

/** Prediction for a time of a shard (--shard-minutes). */
export const PlannedMinutes = z.looseObject({
  shard_minutes: z.number(),
  /** Number of shards, with the probes. */
  shards: Count,
  makespan_s: z.number(),
});
export type PlannedMinutes = z.infer<typeof PlannedMinutes>;

/** Output of `plan --json`. */
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
    /** false: nextstat reported no time of its own, and that of a toy contains a part of the start-up. */
    has_startup: z.optional(z.boolean()),
    cpu_share: z.nullable(z.number()),
  }),
  counts: z.array(PlannedCount),
  /** Times of a shard that make sense for these toys; none where the run is too short, or start-up is unknown. */
  minutes: z.optional(z.array(PlannedMinutes)),
  /** shard_minutes: time of a shard with the shortest makespan; null: `minutes` is empty. */
  recommended: z.looseObject({
    shards: Count,
    time_limit_s: z.number(),
    memory_mib: z.nullable(z.number()),
    shard_minutes: z.optional(z.nullable(z.number())),
  }),
  /** Predicted and measured makespan of the pilot itself. */
  self_check: z.looseObject({ predicted_s: z.number(), measured_s: z.nullable(z.number()) }),
  /** Relative uncertainty of the predictions, estimated from the pilot; null: unknown. */
  uncertainty: z.nullable(z.number()),
  warnings: z.array(z.string()),
});
export type ShardingPlan = z.infer<typeof ShardingPlan>;
