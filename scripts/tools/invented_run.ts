/** The manifest of a run that never was: every toy's numbers follow from its seed, so any split of it holds the same toys. */

import { join } from "node:path";
import { type FarmManifest, RUN_RECORD_SCHEMA, RUN_SCHEMA } from "../../core/contracts/manifest.ts";
import type { InputFile } from "../../core/contracts/kinds.ts";
import { splitToys } from "../../core/split.ts";

export interface InventedRun {
  run_dir: string;
  config: string;
  inputs: InputFile[];
  seed: number;
  n_toys: number;
  shards: number;
  pulls: boolean;
  /** Whether some toys, by their seeds, end with an error or do not converge. */
  faults?: boolean;
}

/** The instant at which shard 0 began. */
export const BEGIN_MS = Date.UTC(2026, 10, 24, 18);
const hex = (digit: string) => digit.repeat(64);

export function inventedManifest(run: InventedRun): FarmManifest {
  const plans = splitToys(run.n_toys, run.shards).map(({ start, count }, shard_index) => ({
    shard_index,
    host: "local",
    user: null,
    port: 0,
    weight: 1,
    threads: 1,
    toy_start: start,
    n_toys: count,
    seed: run.seed + start,
  }));
  const { run_dir, config, seed, n_toys, shards } = run;
  return {
    schema_version: RUN_SCHEMA,
    created_at_utc: new Date(BEGIN_MS - 60_000).toISOString(),
    run_id: "invented",
    scheduler: "local",
    config,
    n_toys,
    seed,
    threads: 1,
    shards,
    nextstat_bin: join(run_dir, "nextstat"),
    run_dir,
    plans,
    farm: runRecord(run),
  };
}

function runRecord({ inputs, pulls, faults }: InventedRun): FarmManifest["farm"] {
  return {
    schema_version: RUN_RECORD_SCHEMA,
    run_token: "9f3c1e0a5b7d4c62",
    nsfarm_version: "0.1.0",
    nextstat_version: "0.10.1",
    nextstat_sha256: hex("3"),
    spec_sha256: inputs[0]?.sha256 ?? hex("1"),
    inputs,
    gen: "init",
    set: {},
    pulls,
    guardrails: { require_all_converged: false, max_abs_poi_pull_mean: null, poi_pull_std_range: null },
    extra_args: [],
    wrapper: "binary",
    mode: "shared",
    pilots: null,
    options: {},
    environment: { host: "n1", cpu_model: null, kernel: null, rustc_version: null, load_average: null, uptime_s: null },
    history: [],
    ...(faults ? { faults } : {}),
  };
}
