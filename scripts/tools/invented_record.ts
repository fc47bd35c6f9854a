/** Records of shards that were never fitted. */

import type { FarmManifest, Plan } from "../../core/contracts/manifest.ts";
import { METRICS_SCHEMA, SHARD_RECORD_SCHEMA, type ShardRecord } from "../../core/contracts/shard_record.ts";
import { documentText, sealDocument } from "../../core/seal_record.ts";
import { BEGIN_MS } from "./invented_run.ts";
import { sha256 } from "./sha256.ts";

/** The text of shard_<i>.metrics.json: nextstat's document with the record of one of two slots, sealed. */
export function inventedMetrics(manifest: FarmManifest, plan: Plan, output: string): string {
  const bytes = new TextEncoder().encode(output);
  const out = { bytes: bytes.length, sha256: sha256(bytes) };
  const { guardrails, summary, results: { n_converged, n_error, n_nonconverged, poi_true } } = JSON.parse(output);
  const started = BEGIN_MS + Math.floor(plan.shard_index / 2) * 100;
  const document = {
    command: "unbinned_fit_toys",
    created_unix_ms: started + 80,
    degraded_flags: [],
    device: "cpu",
    metrics: {
      guardrails,
      n_converged,
      n_error,
      n_nonconverged,
      n_toys: manifest.n_toys,
      poi_index: 0,
      poi_true,
      summary,
    },
    parity: false,
    schema_version: METRICS_SCHEMA,
    status: { ok: true },
    threads: 1,
    timing: {
      breakdown: {
        toys: { fit_s: 0.045, nominal_converged: true, pipeline: "cpu_batch", sample_s: 0.001, warm_start: true },
      },
      wall_time_s: 0.055,
    },
    tool: "nextstat",
    tool_version: "0.10.1",
    warnings: [],
    farm: inventedRecord(manifest, plan, out, started),
  };
  return documentText(sealDocument(document, (text) => sha256(new TextEncoder().encode(text))));
}

function inventedRecord(
  manifest: FarmManifest,
  plan: Plan,
  out: { bytes: number; sha256: string },
  started: number,
): ShardRecord {
  return {
    schema_version: SHARD_RECORD_SCHEMA,
    run_id: manifest.run_id,
    run_token: manifest.farm.run_token,
    shard_index: plan.shard_index,
    shards: manifest.shards,
    toy_start: plan.toy_start,
    n_toys: plan.n_toys,
    seed: plan.seed,
    attempt: 1,
    scheduler: "local",
    job_id: null,
    task_id: null,
    slot: `n1:${plan.shard_index % 2}`,
    wrapper: "binary",
    nsfarm_version: "0.1.0",
    nextstat_version: "0.10.1",
    host: "n1",
    cpu_model: "AMD EPYC 7763 64-Core Processor",
    cpus_logical: 2,
    cpus_physical: 1,
    memory_bytes: 25_269_637_120,
    kernel: "6.12.0",
    threads: 1,
    load_average_start: [0.4, 0.3, 0.2],
    load_average_end: [0.5, 0.3, 0.2],
    uptime_s: 86_400.5,
    started_at_utc: new Date(started).toISOString(),
    finished_at_utc: new Date(started + 90).toISOString(),
    clock_offset_s: 0.002,
    wall_s: 0.09,
    cpu_user_s: 0.057,
    cpu_system_s: 0.004,
    max_rss_bytes: 41_943_040,
    exit_code: 0,
    signal: null,
    cause: "ok",
    stderr_tail: [],
    spec_sha256: manifest.farm.spec_sha256,
    inputs: manifest.farm.inputs,
    nextstat_sha256: manifest.farm.nextstat_sha256,
    out_sha256: out.sha256,
    out_bytes: out.bytes,
    environment: {
      OMP_NUM_THREADS: "1",
      OPENBLAS_NUM_THREADS: "1",
      MKL_NUM_THREADS: "1",
      VECLIB_MAXIMUM_THREADS: "1",
      NUMEXPR_NUM_THREADS: "1",
    },
  };
}
