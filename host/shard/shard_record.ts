import type { Attempt } from "../../core/contracts/attempt.ts";
import type { Plan } from "../../core/contracts/manifest.ts";
import type { ShardRecord } from "../../core/contracts/shard_record.ts";
import { recordHead } from "../../core/record_head.ts";
import { ONE_BLAS_THREAD, recordedEnvironment } from "../../core/recorded_environment.ts";
import { VERSION } from "../../core/version.ts";
import { inJobsOf } from "../machine/job_view.ts";
import { uptime_s } from "../machine/uptime.ts";
import type { Workbench } from "./workbench.ts";

/** What an attempt measured and how it ended: the part of a record that differs from attempt to attempt. */
export type Measured = Pick<
  ShardRecord,
  | "started_at_utc"
  | "finished_at_utc"
  | "clock_offset_s"
  | "clock"
  | "wall_s"
  | "cpu_user_s"
  | "cpu_system_s"
  | "max_rss_bytes"
  | "exit_code"
  | "signal"
  | "cause"
  | "stderr_tail"
  | "load_average_start"
  | "load_average_end"
  | "threads"
>;

export const NOT_MEASURED: Omit<Measured, "started_at_utc" | "finished_at_utc" | "cause"> = {
  clock_offset_s: null,
  wall_s: null,
  cpu_user_s: null,
  cpu_system_s: null,
  max_rss_bytes: null,
  exit_code: null,
  signal: null,
  stderr_tail: [],
  load_average_start: null,
  load_average_end: null,
  threads: null,
};

/** The whole record of an attempt; out_sha256 and out_bytes are filled in by the commit. */
export function shardRecord(bench: Workbench, plan: Plan, attempt: Attempt, measured: Measured): ShardRecord {
  const { manifest } = bench.run;
  const { machine } = bench;
  return {
    ...recordHead(manifest, plan, attempt.attempt),
    scheduler: attempt.scheduler,
    job_id: attempt.job_id,
    task_id: attempt.task_id,
    slot: attempt.slot,
    wrapper: "binary",
    nsfarm_version: VERSION,
    nextstat_version: manifest.farm.nextstat_version,
    host: machine.host,
    cpu_model: machine.cpu_model,
    cpus_logical: machine.cpus_logical,
    cpus_physical: machine.cpus_physical,
    memory_bytes: machine.memory_bytes,
    kernel: machine.kernel,
    uptime_s: uptime_s(),
    ...measured,
    spec_sha256: manifest.farm.spec_sha256,
    inputs: manifest.farm.inputs,
    nextstat_sha256: attempt.nextstat_sha256 ?? manifest.farm.nextstat_sha256,
    out_sha256: null,
    out_bytes: null,
    environment: { ...ONE_BLAS_THREAD, ...recordedEnvironment(Deno.env.toObject(), inJobsOf(manifest)) },
  };
}
