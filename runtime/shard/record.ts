import { jobOf, newRecord, ONE_BLAS_THREAD, recordedEnvironment } from "../../core/record.ts";
import type { Attempt } from "../../core/schema/attempt.ts";
import type { Plan } from "../../core/schema/manifest.ts";
import type { ShardRecord } from "../../core/schema/shard_record.ts";
import { VERSION } from "../../core/version.ts";
import { inJobsOf } from "../system/allocation.ts";
import { uptime_s } from "../system/machine.ts";
import type { JobContext } from "./context.ts";

/** Measurements of an attempt; absent fields were not measured. */
export type Measured = Partial<ShardRecord> & Pick<ShardRecord, "started_at_utc">;
/** The same with the cause of its end. */
export type Ended = Measured & Pick<ShardRecord, "cause">;

/** Returns the whole record of an attempt on this machine; the commit fills in out_sha256 and out_bytes. */
export function shardRecord(
  { run: { manifest }, machine }: JobContext,
  plan: Plan,
  attempt: Attempt,
  ended: Ended,
): ShardRecord {
  const { host, cpu_model, cpus_logical, cpus_physical, memory_bytes, kernel } = machine;
  return newRecord(manifest, plan, attempt.attempt, {
    ...jobOf(attempt),
    wrapper: "binary",
    nsfarm_version: VERSION,
    nextstat_version: manifest.farm.nextstat_version,
    ...{ host, cpu_model, cpus_logical, cpus_physical, memory_bytes, kernel },
    uptime_s: uptime_s(),
    nextstat_sha256: attempt.nextstat_sha256 ?? manifest.farm.nextstat_sha256,
    environment: { ...ONE_BLAS_THREAD, ...recordedEnvironment(Deno.env.toObject(), inJobsOf(manifest)) },
    ...ended,
  });
}
