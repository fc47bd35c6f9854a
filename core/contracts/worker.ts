import * as z from "zod/mini";
import { ProcessId } from "./attempt.ts";

export const WORKER_SCHEMA = "nextstat.cpu_farm_worker.v1";

/** claims/worker_<token>.json: a worker loop that takes shards of this run. */
export const Worker = z.looseObject({
  schema_version: z.literal(WORKER_SCHEMA),
  token: z.string().check(z.regex(/^[0-9a-f]{16}$/)),
  run_token: z.string(),
  process: ProcessId,
  slots: z.int().check(z.minimum(1)),
  started_at_utc: z.string(),
});
export type Worker = z.infer<typeof Worker>;
