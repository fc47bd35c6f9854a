import type { FarmManifest, OptionValue, Plan } from "./contracts/manifest.ts";
import type { ToyRange } from "./split.ts";

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
