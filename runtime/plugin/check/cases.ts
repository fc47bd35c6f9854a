import { FarmError } from "../../../core/errors.ts";
import { NO_GUARDRAILS } from "../../../core/merge/guardrails.ts";
import { newManifest, type RunRequest } from "../../../core/request.ts";
import type { OptionValue, RunRecord } from "../../../core/schema/manifest.ts";
import type { Handle, RenderContext, SchedulerAdapter } from "../../../schedulers/adapter.ts";
import { MemberFault } from "../trust.ts";

export interface AdapterFinding {
  /** The member to correct: `programs`, `readQuery`. */
  member: string;
  /** What the member does, and what is required. */
  what: string;
  /** The part of the text that is equal in all examples of the same fault; absent: `what`. */
  mistake?: string;
}

export type MemberCheck = (adapter: SchedulerAdapter) => AdapterFinding[];

export const finding = (member: string, what: string): AdapterFinding => ({ member, what });

/** Calls a function of a checked adapter and checks its value; a fault of the call is a finding. */
export function callAndCheck<T>(
  member: string,
  doing: string,
  call: () => T,
  check: (value: T) => AdapterFinding[] = () => [],
): AdapterFinding[] {
  try {
    return check(call());
  } catch (error) {
    if (error instanceof MemberFault) return [{ ...finding(error.member, error.during(doing)), mistake: error.what }];
    if (error instanceof FarmError) return [finding(member, `refuses ${doing}: ${error.message}`)];
    throw error;
  }
}

export const TOKEN = "0123456789abcdef";

/** The paths in the files of an example's jobs. */
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

const PLAIN_REQUEST: Omit<RunRequest, "scheduler" | "n_toys" | "shards" | "config" | "nextstat_bin" | "options"> = {
  shard_minutes: null,
  seed: 42,
  threads: 1,
  out_dir: "/shared/runs",
  run_id: "example",
  gen: "init",
  set: {},
  freeze_gen: false,
  starts: null,
  check_starts: 0,
  workload: "fit-toys",
  mu: null,
  pulls: false,
  guardrails: NO_GUARDRAILS,
  extra_args: [],
  wrapper: "binary",
  mode: "shared",
  pilots: null,
  check: false,
};

const ORIGIN = { created_at_utc: "2026-01-01T00:00:00.000Z", run_token: "00000000000000aa" };

/** Fields of the manifest that a render fills in from the files of a run. */
const FILES: Partial<RunRecord> = {
  nextstat_version: "0.10.1",
  nextstat_sha256: "3".repeat(64),
  spec_sha256: "1".repeat(64),
  inputs: [{ path: "spec.json", bytes: 10, sha256: "1".repeat(64) }],
  staged_config: "inputs/spec.json",
};

/** Returns the context of an example run for an adapter: two toys a shard, every option at its default. */
export function exampleContext(adapter: SchedulerAdapter, example: Example = {}): RenderContext {
  const { run_dir, config, nextstat_bin, nsfarm } = { ...PLAIN, ...example.paths };
  const { shards = 4 } = example;
  const options = { ...defaultsOf(adapter), ...example.options };
  const request = { scheduler: adapter.name, config, n_toys: 2 * shards, shards, nextstat_bin, options };
  const planned = newManifest({ ...PLAIN_REQUEST, ...example.farm, ...request }, ORIGIN);
  const manifest = { ...planned, run_dir, farm: { ...planned.farm, ...FILES } };
  return { manifest, run_dir, nsfarm, options, limits: {}, shards: planned.plans.map((plan) => plan.shard_index) };
}

function defaultsOf({ options }: SchedulerAdapter): Record<string, OptionValue> {
  return Object.fromEntries(options.flatMap(({ name, default: value }) => value === undefined ? [] : [[name, value]]));
}

/** Returns the handle of a submission of the shards 0 … n - 1. */
export function exampleHandle(shards: number, job_id = "17", token = TOKEN): Handle {
  const list = Array.from({ length: shards }, (_, i) => i);
  return { job_id, token, chunk: { index: 0, shards: list, tasks: list } };
}
