/** Attempts and their records: the one builder of each, and where both say that an attempt ran. */

import { type Attempt, ATTEMPT_SCHEMA } from "./contracts/attempt.ts";
import type { FarmManifest, Plan } from "./contracts/manifest.ts";
import { SHARD_RECORD_SCHEMA, type ShardRecord } from "./contracts/shard_record.ts";
import { slotsOn } from "./worker_backends.ts";

type NewAttempt = Partial<Attempt> & Pick<Attempt, "attempt_token" | "wrapper" | "scheduler" | "started_at_utc">;

/** Returns an attempt at a shard as it is written when it begins, with what is `known` of it beside the plan. */
export function newAttempt(manifest: FarmManifest, plan: Plan, attempt: number, known: NewAttempt): Attempt {
  const { attempt_token, wrapper, scheduler, started_at_utc, end = null, ...others } = known;
  return {
    schema_version: ATTEMPT_SCHEMA,
    run_id: manifest.run_id,
    run_token: manifest.farm.run_token,
    attempt_token,
    shard_index: plan.shard_index,
    attempt,
    wrapper,
    fit: null,
    scheduler,
    job_id: null,
    task_id: null,
    slot: null,
    submission_token: null,
    started_at_utc,
    ...others,
    end,
  };
}

/** What of a record the run's plan does not tell. */
type NewRecord =
  & Partial<ShardRecord>
  & Pick<ShardRecord, "scheduler" | "wrapper" | "host" | "started_at_utc" | "cause">;

/**
 * Returns the record of an attempt at a shard: what the plan tells, what is `known` beside it, and null for the rest.
 * out_sha256 and out_bytes come with the commit.
 */
export function newRecord(manifest: FarmManifest, plan: Plan, attempt: number, known: NewRecord): ShardRecord {
  const { scheduler, wrapper, host, started_at_utc, cause, ...others } = known;
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
    scheduler,
    job_id: null,
    task_id: null,
    slot: null,
    wrapper,
    nsfarm_version: manifest.farm.nsfarm_version,
    nextstat_version: null,
    host,
    cpu_model: null,
    cpus_logical: null,
    cpus_physical: null,
    memory_bytes: null,
    kernel: null,
    threads: null,
    load_average_start: null,
    load_average_end: null,
    uptime_s: null,
    started_at_utc,
    finished_at_utc: started_at_utc,
    clock_offset_s: null,
    wall_s: null,
    cpu_user_s: null,
    cpu_system_s: null,
    max_rss_bytes: null,
    exit_code: null,
    signal: null,
    cause,
    stderr_tail: [],
    spec_sha256: manifest.farm.spec_sha256,
    inputs: manifest.farm.inputs,
    nextstat_sha256: null,
    out_sha256: null,
    out_bytes: null,
    environment: {},
    ...others,
  };
}

type JobOfAttempt = Pick<Attempt, "scheduler" | "job_id" | "task_id" | "slot">;

/** Returns the job in which an attempt ran, which it and its record tell alike. */
export const jobOf = ({ scheduler, job_id, task_id, slot }: JobOfAttempt): JobOfAttempt => ({
  scheduler,
  job_id,
  task_id,
  slot,
});

/**
 * Returns the end of an attempt that left none itself. Nothing was measured: its end is put at its start.
 * @param message what is known of it, in words
 */
export const lostRecord = (
  manifest: FarmManifest,
  plan: Plan,
  attempt: Attempt,
  message: string,
  cause: ShardRecord["cause"] = "signal",
): ShardRecord =>
  newRecord(manifest, plan, attempt.attempt, {
    ...jobOf(attempt),
    wrapper: attempt.remote ? "sh" : "binary",
    host: attemptHost(attempt),
    started_at_utc: attempt.started_at_utc,
    cause,
    stderr_tail: [message],
  });

/** Returns whether an attempt's end was written by somebody else, who found its process gone and no sign of how. */
export const isLost = ({ cause, wall_s, exit_code, signal }: ShardRecord): boolean =>
  cause === "signal" && wall_s === null && exit_code === null && signal === null;

/** Returns where an attempt runs or ran, by one name from its start on: that of the hosts file, else its scheduler's. */
export function attemptHost({ remote, host, end, wrapper }: Attempt): string {
  return remote?.host ?? host ?? end?.host ?? wrapper.host;
}

/** The same of a committed shard. */
export function recordHost({ scheduler, slot, host }: Pick<ShardRecord, "scheduler" | "slot" | "host">): string {
  return slotsOn(scheduler) === "hosts" && slot !== null ? slot.replace(/:\d+$/, "") : host;
}
