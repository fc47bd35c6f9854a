import * as z from "zod/mini";
import { ProcessId } from "./attempt.ts";

/** `schema_version` of a worker loop's file. */
export const WORKER_SCHEMA = "nextstat.cpu_farm_worker.v1";

/** claims/worker_<token>.json: a worker loop that takes shards of this run. */
export const Worker = z.looseObject({
  schema_version: z.literal(WORKER_SCHEMA),
  token: z.string().check(z.regex(/^[0-9a-f]{16}$/)),
  run_token: z.string(),
  process: ProcessId,
  slots: z.int().check(z.minimum(1)),
  started_at_utc: z.string(),
  /** Counts up every beat_interval_s: while it does the loop is alive, on whatever machine. */
  beats: z.optional(z.int()),
  beat_interval_s: z.optional(z.number()),
});
export type Worker = z.infer<typeof Worker>;
