import { Attempt, ATTEMPT_SCHEMA } from "../../../core/contracts/attempt.ts";
import {
  FarmManifest,
  type Plan,
  RUN_RECORD_SCHEMA,
  RUN_SCHEMA,
  type RunRecord,
} from "../../../core/contracts/manifest.ts";
import type { OutputFrame } from "../../../core/contracts/shard_output.ts";
import { SHARD_RECORD_SCHEMA, ShardRecord } from "../../../core/contracts/shard_record.ts";
import { splitTotal } from "../../../core/fit_command.ts";
import { readShardOutput, type ShardOutput } from "../../../core/read_output.ts";
import { splitToys } from "../../../core/split.ts";

const HASH = "1a".repeat(32);
export const RUN_TOKEN = "9f3c1e0a5b7d4c62";

const record: RunRecord = {
  schema_version: RUN_RECORD_SCHEMA,
  run_token: RUN_TOKEN,
  nsfarm_version: "0.1.0",
  nextstat_version: "0.10.1",
  nextstat_sha256: HASH,
  spec_sha256: HASH,
  inputs: [{ path: "spec.json", bytes: 10, sha256: HASH }],
  gen: "init",
  set: {},
  pulls: false,
  guardrails: { require_all_converged: false, max_abs_poi_pull_mean: null, poi_pull_std_range: null },
  extra_args: [],
  wrapper: "binary",
  mode: "shared",
  pilots: null,
  options: {},
  environment: { host: "h", cpu_model: null, kernel: null, rustc_version: null, load_average: null, uptime_s: null },
  history: [],
};

export interface SampleChange {
  n_toys?: number;
  shards?: number;
  seed?: number;
  threads?: number;
  run_dir?: string;
  config?: string;
  nextstat_bin?: string;
  scheduler?: string;
  farm?: Partial<RunRecord>;
}

/** The manifest of a run as `render` makes it: 20 toys in 4 shards where nothing else is said. */
export function sampleManifest(change: SampleChange = {}): FarmManifest {
  const { farm, ...top } = change;
  const { n_toys = 20, shards = 4, seed = 42, threads = 1 } = change;
  const plans = splitToys(n_toys, shards).map(({ start, count }, shard_index): Plan => ({
    shard_index,
    host: "local",
    user: null,
    port: 0,
    weight: 1,
    threads,
    toy_start: start,
    n_toys: count,
    seed: seed + start,
  }));
  return FarmManifest.parse({
    schema_version: RUN_SCHEMA,
    created_at_utc: "2026-11-24T19:01:12.542Z",
    run_id: "sample",
    scheduler: "local",
    config: "/specs/spec.json",
    nextstat_bin: "/bin/nextstat",
    run_dir: "/runs/sample",
    ...top,
    n_toys,
    shards,
    seed,
    threads,
    plans,
    farm: { ...record, ...farm },
  });
}

/** The entry of a manifest that must be there. */
export function planOf(manifest: { plans: Plan[] }, shard: number): Plan {
  const plan = manifest.plans[shard];
  if (!plan) throw new Error(`The sample has no shard ${shard}`);
  return plan;
}

/** What nextstat writes for a shard, with made-up numbers; `shift` is added to every estimate. */
export function sampleFrame(manifest: FarmManifest, plan: Plan, shift = 0): OutputFrame {
  const toys = Array.from({ length: plan.n_toys }, (_, i) => plan.seed + i);
  const { gen, set, frozen_gen } = manifest.farm;
  const piece = plan.shard_index >= manifest.shards;
  return {
    input_schema_version: "nextstat_unbinned_spec_v0",
    parameter_names: ["mu", "tau"],
    poi_index: 0,
    gen: {
      point: frozen_gen ? "init" : gen,
      params: [1, 0.5],
      overrides: { ...frozen_gen, ...set },
      seed: piece ? plan.seed : manifest.seed,
      n_toys: piece ? plan.n_toys : splitTotal(manifest),
    },
    results: {
      n_toys: plan.n_toys,
      n_error: 0,
      n_converged: plan.n_toys,
      n_nonconverged: 0,
      poi_true: 1,
      converged: toys.map(() => true),
      poi_hat: toys.map((seed) => 1 + seed / 1000 + shift),
      poi_sigma: toys.map(() => 0),
      nll: toys.map((seed) => seed * 10 + shift),
    },
    summary: null,
    guardrails: { passed: true },
    shard: piece ? null : {
      shard_index: plan.shard_index,
      shard_n_toys: plan.n_toys,
      shard_start: plan.toy_start,
      shard_total: manifest.shards,
    },
  };
}

export function sampleOutput(manifest: FarmManifest, plan: Plan, shift = 0): ShardOutput {
  return readShardOutput(sampleFrame(manifest, plan, shift));
}

/** The record of a shard that went well; its hash and size are those of no file. */
export function sampleRecord(manifest: FarmManifest, plan: Plan, change: Partial<ShardRecord> = {}): ShardRecord {
  return ShardRecord.parse({
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
    slot: null,
    wrapper: "binary",
    nsfarm_version: "0.1.0",
    nextstat_version: "0.10.1",
    host: "n1",
    cpu_model: null,
    cpus_logical: null,
    cpus_physical: null,
    memory_bytes: null,
    kernel: null,
    threads: 1,
    load_average_start: null,
    load_average_end: null,
    uptime_s: null,
    started_at_utc: "2026-11-24T18:30:15.010Z",
    finished_at_utc: "2026-11-24T18:30:15.073Z",
    clock_offset_s: null,
    wall_s: 0.063,
    cpu_user_s: 0.057,
    cpu_system_s: 0.004,
    max_rss_bytes: null,
    exit_code: 0,
    signal: null,
    cause: "ok",
    stderr_tail: [],
    spec_sha256: manifest.farm.spec_sha256,
    inputs: manifest.farm.inputs,
    nextstat_sha256: manifest.farm.nextstat_sha256,
    out_sha256: null,
    out_bytes: null,
    environment: {},
    ...change,
  });
}

/** An attempt of a process of another start of the machine `host`: dead there, unknown elsewhere. */
export function sampleAttempt(manifest: FarmManifest, plan: Plan, change: Partial<Attempt> = {}): Attempt {
  return Attempt.parse({
    schema_version: ATTEMPT_SCHEMA,
    run_id: manifest.run_id,
    run_token: manifest.farm.run_token,
    attempt_token: "0123456789abcdef",
    shard_index: plan.shard_index,
    attempt: 1,
    wrapper: { host: "n1", boot_id: "an-earlier-boot", pid: 4242, start_ticks: "1" },
    fit: null,
    scheduler: "local",
    job_id: null,
    task_id: null,
    slot: null,
    submission_token: null,
    started_at_utc: "2026-11-24T18:30:15.010Z",
    end: null,
    ...change,
  });
}
