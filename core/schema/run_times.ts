import * as z from "zod/mini";
import { Count } from "./enums.ts";

/** A part of an interrupted run in which something ran or waited all the time. */
export const Stretch = z.looseObject({
  started_at_utc: z.string(),
  finished_at_utc: z.string(),
  makespan_s: z.number(),
  n_shards: Count,
  n_toys: Count,
  toys_per_s: z.nullable(z.number()),
});
export type Stretch = z.infer<typeof Stretch>;

/** The two times of a run (contract, "Two times, never confused") and what goes with them; null: not known. */
export const RunTimes = z.looseObject({
  /** The longest single shard: it falls as 1/shards, whatever the run takes. */
  max_shard_elapsed_s: z.nullable(z.number()),
  /** Last finish less first start of the committed attempts. */
  makespan_s: z.nullable(z.number()),
  /** How far the makespan may be off because of the hosts' clocks: ± this. */
  makespan_spread_s: z.nullable(z.number()),
  /** Last finish less first submission. */
  turnaround_s: z.nullable(z.number()),
  /** Shards by the most of them that ran at one time, rounded up. */
  waves: z.nullable(z.int().check(z.minimum(1))),
  /** The most shards that ran at one time. */
  most_at_once: z.optional(z.nullable(z.int().check(z.minimum(1)))),
  /** Toys by makespan. */
  toys_per_s: z.nullable(z.number()),
  /** Of an interrupted run, which has no makespan of the whole; else empty. */
  stretches: z.array(Stretch),
  cpu_s: z.number(),
  /** CPU seconds of attempts that failed. */
  wasted_cpu_s: z.number(),
  failed_attempts: Count,
  /** Attempts that left no end: what they used is not known. */
  lost_attempts: Count,
});
export type RunTimes = z.infer<typeof RunTimes>;
