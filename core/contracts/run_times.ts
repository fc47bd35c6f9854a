import * as z from "zod";
import { Count } from "./kinds.ts";

/** A part of an interrupted run in which something ran or waited all the time. */
export const Stretch = z.looseObject({
  started_at_utc: z.string(),
  finished_at_utc: z.string(),
  makespan_s: z.number(),
  n_shards: Count,
  n_toys: Count,
  toys_per_s: z.number().nullable(),
});
export type Stretch = z.infer<typeof Stretch>;

/** The two times of a run (contract, "Two times, never confused") and what goes with them; null: not known. */
export const RunTimes = z.looseObject({
  /** The longest single shard: it falls as 1/shards, whatever the run takes. */
  max_shard_elapsed_s: z.number().nullable(),
  /** Last finish less first start of the committed attempts. */
  makespan_s: z.number().nullable(),
  /** How far the makespan may be off because of the hosts' clocks: ± this. */
  makespan_spread_s: z.number().nullable(),
  /** Last finish less first submission. */
  turnaround_s: z.number().nullable(),
  /** How often the places that ran at the same time were filled. */
  waves: z.int().min(1).nullable(),
  /** Toys by makespan. */
  toys_per_s: z.number().nullable(),
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
