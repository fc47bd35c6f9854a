import { attemptHost } from "./host_name.ts";
import type { Attempt } from "./contracts/attempt.ts";
import type { FarmManifest, Plan } from "./contracts/manifest.ts";
import type { ShardRecord } from "./contracts/shard_record.ts";
import { recordHead } from "./record_head.ts";

/** Returns whether an attempt's end was written by somebody else, who found its process gone and no sign of how. */
export const isLost = ({ cause, wall_s, exit_code, signal }: ShardRecord): boolean =>
  cause === "signal" && wall_s === null && exit_code === null && signal === null;

/**
 * Returns the end of an attempt that left none itself. Nothing was measured: its end is put at its start.
 * @param message what is known of it, in words
 */
export function lostRecord(
  manifest: FarmManifest,
  plan: Plan,
  attempt: Attempt,
  message: string,
  cause: ShardRecord["cause"] = "signal",
): ShardRecord {
  return {
    ...recordHead(manifest, plan, attempt.attempt),
    scheduler: attempt.scheduler,
    job_id: attempt.job_id,
    task_id: attempt.task_id,
    slot: attempt.slot,
    wrapper: attempt.remote ? "sh" : "binary",
    nsfarm_version: manifest.farm.nsfarm_version,
    nextstat_version: null,
    host: attemptHost(attempt),
    ...{ cpu_model: null, cpus_logical: null, cpus_physical: null, memory_bytes: null, kernel: null, uptime_s: null },
    ...{ wall_s: null, cpu_user_s: null, cpu_system_s: null, max_rss_bytes: null, exit_code: null, signal: null },
    ...{ clock_offset_s: null, load_average_start: null, load_average_end: null, threads: null },
    started_at_utc: attempt.started_at_utc,
    finished_at_utc: attempt.started_at_utc,
    cause,
    stderr_tail: [message],
    spec_sha256: manifest.farm.spec_sha256,
    inputs: manifest.farm.inputs,
    ...{ nextstat_sha256: null, out_sha256: null, out_bytes: null },
    environment: {},
  };
}
