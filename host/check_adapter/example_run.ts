import {
  type FarmManifest,
  type OptionValue,
  type Plan,
  RUN_RECORD_SCHEMA,
  RUN_SCHEMA,
  type RunRecord,
} from "../../core/contracts/manifest.ts";
import { splitToys } from "../../core/split.ts";
import type { Handle, RenderContext, SchedulerAdapter } from "../../schedulers/adapter.ts";

export const TOKEN = "0123456789abcdef";

/** The paths that a job's files speak of. */
export interface Paths {
  run_dir: string;
  config: string;
  nextstat_bin: string;
  nsfarm: string;
}

const PLAIN: Paths = {
  run_dir: "/shared/runs/example",
  config: "/shared/specs/spec.json",
  nextstat_bin: "/shared/bin/nextstat",
  nsfarm: "/shared/bin/nsfarm-deno-0.1.0",
};

export interface Example {
  shards?: number;
  paths?: Partial<Paths>;
  options?: Record<string, OptionValue>;
  farm?: Partial<Pick<RunRecord, "wrapper" | "mode">>;
}

/** What the host would give to an adapter for a run that nobody has: two toys a shard, every option at its default. */
export function exampleContext(adapter: SchedulerAdapter, example: Example = {}): RenderContext {
  const { run_dir, config, nextstat_bin, nsfarm } = { ...PLAIN, ...example.paths };
  const options = { ...defaultsOf(adapter), ...example.options };
  const plans = plansOf(example.shards ?? 4, adapter.name);
  const manifest: FarmManifest = {
    schema_version: RUN_SCHEMA,
    created_at_utc: "2026-01-01T00:00:00.000Z",
    run_id: "example",
    scheduler: adapter.name,
    config,
    n_toys: 2 * plans.length,
    seed: 42,
    threads: 1,
    shards: plans.length,
    nextstat_bin,
    run_dir,
    plans,
    farm: { ...recordOf(options), ...example.farm },
  };
  return { manifest, run_dir, nsfarm, options, limits: {}, shards: plans.map((plan) => plan.shard_index) };
}

function defaultsOf({ options }: SchedulerAdapter): Record<string, OptionValue> {
  return Object.fromEntries(options.flatMap(({ name, default: value }) => value === undefined ? [] : [[name, value]]));
}

function plansOf(shards: number, host: string): Plan[] {
  return splitToys(2 * shards, shards).map(({ start, count }, shard_index) => ({
    shard_index,
    host,
    user: null,
    port: 0,
    weight: 1,
    threads: 1,
    toy_start: start,
    n_toys: count,
    seed: 42 + start,
  }));
}

function recordOf(options: Record<string, OptionValue>): RunRecord {
  return {
    schema_version: RUN_RECORD_SCHEMA,
    run_token: "00000000000000aa",
    nsfarm_version: "0.1.0",
    nextstat_version: "0.10.1",
    nextstat_sha256: "3".repeat(64),
    spec_sha256: "1".repeat(64),
    inputs: [{ path: "spec.json", bytes: 10, sha256: "1".repeat(64) }],
    gen: "init",
    set: {},
    pulls: false,
    guardrails: { require_all_converged: false, max_abs_poi_pull_mean: null, poi_pull_std_range: null },
    extra_args: [],
    wrapper: "binary",
    mode: "shared",
    staged_config: "inputs/spec.json",
    pilots: null,
    options,
    environment: { host: "h", cpu_model: null, kernel: null, rustc_version: null, load_average: null, uptime_s: null },
    history: [],
  };
}

/** A submission of the shards 0 … n - 1. */
export function exampleHandle(shards: number, job_id = "17", token = TOKEN): Handle {
  const list = Array.from({ length: shards }, (_, i) => i);
  return { job_id, token, chunk: { index: 0, shards: list, tasks: list } };
}
