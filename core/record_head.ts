import type { FarmManifest, Plan } from "./contracts/manifest.ts";
import { SHARD_RECORD_SCHEMA, type ShardRecord } from "./contracts/shard_record.ts";

type Head = Pick<
  ShardRecord,
  "schema_version" | "run_id" | "run_token" | "shard_index" | "shards" | "toy_start" | "n_toys" | "seed" | "attempt"
>;

/** The beginning of every record: of which run, which toys, which attempt. */
export function recordHead(manifest: FarmManifest, plan: Plan, attempt: number): Head {
  return {
    schema_version: SHARD_RECORD_SCHEMA,
    run_id: manifest.run_id,
    run_token: manifest.farm.run_token,
    shard_index: plan.shard_index,
    shards: manifest.shards,
    toy_start: plan.toy_start,
    n_toys: plan.n_toys,
    seed: plan.seed,
    attempt,
  };
}
