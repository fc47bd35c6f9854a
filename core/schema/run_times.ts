import * as z from "./zod.ts";
import { Count, PositiveCount } from "./enums.ts";

/** Session: part of an interrupted run without an interruption of its own. */
export const Stretch = z.looseObject({
  started_at_utc: z.string(),
  finished_at_utc: z.string(),
  makespan_s: z.number(),
  n_shards: Count,
  n_toys: Count,
  toys_per_s: z.nullable(z.number()),
});
export type Stretch = z.infer<typeof Stretch>;

/** The two times of a run (docs/promises.md, "Two times") and related figures; null: unknown. */
export const RunTimes = z.looseObject({
  /** Wall time of the longest shard: falls as 1/shards even if the run gets no faster. */
  max_shard_elapsed_s: z.nullable(z.number()),
  /** Last finish minus first start of the committed attempts. */
  makespan_s: z.nullable(z.number()),
  /** Uncertainty (±) of the makespan from the hosts' clocks. */
  makespan_spread_s: z.nullable(z.number()),
  /** Last finish minus first submission. */
  turnaround_s: z.nullable(z.number()),
  /** Shards / largest number that ran at one time, rounded up. */
  waves: z.nullable(PositiveCount),
  /** Largest number of shards that ran at one time. */
  most_at_once: z.optional(z.nullable(PositiveCount)),
  /** toys / makespan. */
  toys_per_s: z.nullable(z.number()),
  /** Sessions of an interrupted run, which has no makespan of its own; else empty. */
  stretches: z.array(Stretch),
  cpu_s: z.number(),
  /** CPU seconds of failed attempts. */
  wasted_cpu_s: z.number(),
  failed_attempts: Count,
  /** Number of attempts without an end, whose CPU time is unknown. */
  lost_attempts: Count,
});
export type RunTimes = z.infer<typeof RunTimes>;
