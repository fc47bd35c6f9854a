import type { FarmManifest, Plan } from "../../../core/contracts/manifest.ts";
import { splitToys } from "../../../core/split.ts";
import type { RenderContext } from "../../../schedulers/adapter.ts";

export const RUN_TOKEN = "00000000000000aa";
export const TOKEN = "0123456789abcdef";

/** A run of `shards` shards of 5 toys, as render would have planned it. */
export function exampleManifest(shards = 4, change: Partial<FarmManifest["farm"]> = {}): FarmManifest {
  const plans = splitToys(5 * shards, shards).map(({ start, count }, shard_index): Plan => ({
    shard_index,
    host: "slurm",
    user: null,
    port: 0,
    weight: 1,
    threads: 1,
    toy_start: start,
    n_toys: count,
    seed: 42 + start,
  }));
  return {
    schema_version: "nextstat.cpu_farm_unbinned_fit_toys_run.v1",
    created_at_utc: "2026-11-24T19:01:12.542Z",
    run_id: "demo",
    scheduler: "slurm",
    config: "/shared/specs/spec.json",
    n_toys: 5 * shards,
    seed: 42,
    threads: 1,
    shards,
    nextstat_bin: "/shared/bin/nextstat",
    run_dir: "/shared/runs/demo",
    plans,
    farm: {
      schema_version: "nextstat.cpu_farm_run_record.v1",
      run_token: RUN_TOKEN,
      nsfarm_version: "0.1.0",
      nextstat_version: "0.10.1",
      nextstat_sha256: "3c".repeat(32),
      spec_sha256: "1a".repeat(32),
      inputs: [
        { path: "spec.json", bytes: 1575, sha256: "1a".repeat(32) },
        { path: "data/observed.parquet", bytes: 98039, sha256: "2b".repeat(32) },
      ],
      staged_config: "inputs/spec.json",
      gen: "init",
      set: {},
      pulls: false,
      guardrails: { require_all_converged: false, max_abs_poi_pull_mean: null, poi_pull_std_range: null },
      extra_args: [],
      wrapper: "binary",
      mode: "shared",
      pilots: null,
      options: {},
      environment: {
        host: "submit1",
        cpu_model: null,
        kernel: null,
        rustc_version: null,
        load_average: null,
        uptime_s: null,
      },
      history: [],
      ...change,
    },
  };
}

/** What the host gives to an adapter for that run. */
export function exampleContext(
  manifest: FarmManifest = exampleManifest(),
  change: Partial<Omit<RenderContext, "manifest">> = {},
): RenderContext {
  return {
    manifest,
    run_dir: manifest.run_dir,
    nsfarm: "/shared/bin/nsfarm-deno",
    options: manifest.farm.options,
    limits: {},
    shards: manifest.plans.filter((plan) => !plan.farm?.replaced_by).map((plan) => plan.shard_index),
    ...change,
  };
}
