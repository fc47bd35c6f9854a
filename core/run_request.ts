import { join } from "node:path";
import {
  type FarmManifest,
  type OptionValue,
  type Plan,
  RUN_RECORD_SCHEMA,
  RUN_SCHEMA,
  type RunRecord,
} from "./contracts/manifest.ts";
import { splitToys, type ToyRange } from "./split.ts";
import { VERSION } from "./version.ts";

/** The toys that one host does. */
interface HostShare extends ToyRange {
  at: Pick<Plan, "host" | "user" | "port" | "weight">;
}

/** What is asked for, checked as far as that goes without looking at a file. Paths are absolute. */
export interface RunRequest {
  scheduler: string;
  config: string;
  n_toys: number;
  seed: number;
  shards: number;
  threads: number;
  nextstat_bin: string;
  out_dir: string;
  run_id: string;
  gen: "init" | "mle";
  set: Record<string, number>;
  freeze_gen: boolean;
  pulls: boolean;
  guardrails: FarmManifest["farm"]["guardrails"];
  extra_args: string[];
  wrapper: "binary" | "sh";
  mode: "shared" | "transfer";
  /** Jobs that pull shards, in place of a job for each shard or group of shards. */
  pilots: number | null;
  /** One share a host, in place of as many equal shards. */
  shares?: HostShare[];
  options: Record<string, OptionValue>;
  /** Fit one toy first, so that nextstat's own refusal comes before anything is written. */
  check: boolean;
}

/** When and by which program a run is rendered, and the token that it is known by. */
type Origin = Pick<FarmManifest, "created_at_utc"> & Pick<RunRecord, "run_token" | "nsfarm_bin">;

const NO_HASH = "0".repeat(64);

/** Returns the manifest that a request alone makes, before any file was looked at: what files tell is empty in it. */
export function newManifest(request: RunRequest, { created_at_utc, ...origin }: Origin): FarmManifest {
  const { scheduler, config, n_toys, seed, threads, shards, nextstat_bin } = request;
  const ranges = request.shares ?? splitToys(n_toys, shards);
  return {
    schema_version: RUN_SCHEMA,
    created_at_utc,
    run_id: request.run_id,
    ...{ scheduler, config, n_toys, seed, threads, shards, nextstat_bin },
    run_dir: join(request.out_dir, request.run_id),
    plans: ranges.map((range, i) => ({ ...newPlan(request, i, range), ...request.shares?.[i]?.at })),
    farm: {
      schema_version: RUN_RECORD_SCHEMA,
      ...origin,
      nsfarm_version: VERSION,
      nextstat_version: "",
      nextstat_sha256: NO_HASH,
      spec_sha256: NO_HASH,
      inputs: [],
      gen: request.gen,
      set: request.set,
      frozen_gen: null,
      pulls: request.pulls,
      guardrails: request.guardrails,
      extra_args: request.extra_args,
      wrapper: request.wrapper,
      mode: request.mode,
      pilots: request.pilots,
      options: request.options,
      environment: { host: "", cpu_model: null, kernel: null, rustc_version: null, load_average: null, uptime_s: null },
      history: [],
    },
  };
}

function newPlan({ scheduler, threads, seed }: RunRequest, shard_index: number, { start, count }: ToyRange): Plan {
  return {
    shard_index,
    host: scheduler,
    user: null,
    port: 0,
    weight: 1,
    threads,
    toy_start: start,
    n_toys: count,
    seed: seed + start,
  };
}
