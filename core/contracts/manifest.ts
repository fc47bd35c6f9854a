import * as z from "zod";
import { Count, InputFile, Sha256, ShardState } from "./kinds.ts";

export const RUN_SCHEMA = "nextstat.cpu_farm_unbinned_fit_toys_run.v1";
export const RUN_RECORD_SCHEMA = "nextstat.cpu_farm_run_record.v1";
export const SHARD_RESULT_SCHEMA = "nextstat.cpu_farm_shard_result.v1";

/** One shard: toys [toy_start, toy_start + n_toys) of the run, seed = run seed + toy_start. */
export const Plan = z.looseObject({
  shard_index: Count,
  host: z.string(),
  user: z.string().nullable(),
  port: z.number(),
  weight: z.number(),
  threads: Count,
  toy_start: Count,
  n_toys: z.int().min(1),
  seed: Count,
  /** replaced_by: the two pieces that stand for this entry now. attempts: how many numbers its pieces used. */
  farm: z.looseObject({ replaced_by: z.array(Count).optional() }).optional(),
});
export type Plan = z.infer<typeof Plan>;

/** One row of results[]: status of the old scripts, or farm.state where there is none yet. */
export const ShardResult = z.looseObject({
  schema_version: z.literal(SHARD_RESULT_SCHEMA).optional(),
  shard_index: Count,
  host: z.string(),
  target: z.string().optional(),
  status: z.enum(["ok", "failed"]).optional(),
  n_toys: Count,
  toy_start: Count,
  seed: Count,
  threads: Count.optional(),
  weight: z.number().optional(),
  rc: z.int().nullable().optional(),
  elapsed_s: z.number().nullable().optional(),
  local_dir: z.string().nullable().optional(),
  local_output: z.string().nullable().optional(),
  local_metrics: z.string().nullable().optional(),
  local_stdout: z.string().nullable().optional(),
  local_stderr: z.string().nullable().optional(),
  remote_dir: z.string().nullable().optional(),
  error: z.string().nullable().optional(),
  farm: z.looseObject({ state: ShardState }).optional(),
});
export type ShardResult = z.infer<typeof ShardResult>;

export const AskedGuardrails = z.strictObject({
  require_all_converged: z.boolean(),
  max_abs_poi_pull_mean: z.number().nullable(),
  poi_pull_std_range: z.tuple([z.number(), z.number()]).nullable(),
});
export type AskedGuardrails = z.infer<typeof AskedGuardrails>;

export const OptionValue = z.union([z.string(), z.number(), z.boolean(), z.array(z.string())]);
export type OptionValue = z.infer<typeof OptionValue>;

/** The machine on which a run was rendered. */
export const RunEnvironment = z.looseObject({
  host: z.string(),
  cpu_model: z.string().nullable(),
  kernel: z.string().nullable(),
  rustc_version: z.string().nullable(),
  load_average: z.array(z.number()).nullable(),
  uptime_s: z.number().nullable(),
});

/** One change of plans[]: a cut, an extension. */
export const HistoryEntry = z.looseObject({ at_utc: z.string(), change: z.string() });

export const RunRecord = z.looseObject({
  schema_version: z.literal(RUN_RECORD_SCHEMA),
  run_token: z.string().regex(/^[0-9a-f]{16}$/),
  nsfarm_version: z.string(),
  /** The resolved path of the nsfarm-deno that rendered the run; jobs run this one. */
  nsfarm_bin: z.string().optional(),
  nextstat_version: z.string(),
  nextstat_sha256: Sha256,
  spec_sha256: Sha256,
  inputs: z.array(InputFile),
  /** Last change of each input when it was hashed, by its path; only a difference makes a job hash it again. */
  input_mtimes_ms: z.record(z.string(), z.number()).optional(),
  /** The spec in the copy of all inputs that is sent to nodes which share no disk, relative to the run directory. */
  staged_config: z.string().optional(),
  nextstat_bytes: Count.optional(),
  nextstat_mtime_ms: z.number().optional(),
  gen: z.enum(["init", "mle"]),
  set: z.record(z.string(), z.number()),
  /** --freeze-gen: the fitted point, by parameter name, that every shard is given. */
  frozen_gen: z.record(z.string(), z.number()).nullable().optional(),
  pulls: z.boolean(),
  guardrails: AskedGuardrails,
  extra_args: z.array(z.string()),
  wrapper: z.enum(["binary", "sh"]),
  mode: z.enum(["shared", "transfer"]),
  pilots: Count.nullable(),
  options: z.record(z.string(), OptionValue),
  environment: RunEnvironment,
  history: z.array(HistoryEntry),
});
export type RunRecord = z.infer<typeof RunRecord>;

/** manifest.json, by the old scripts (no `farm`) or by us. */
export const Manifest = z.looseObject({
  schema_version: z.literal(RUN_SCHEMA),
  created_at_utc: z.string(),
  run_id: z.string(),
  scheduler: z.string().optional(),
  config: z.string().optional(),
  n_toys: z.int().min(1),
  seed: Count,
  threads: z.union([Count, z.string()]).optional(),
  shards: z.int().min(1).optional(),
  nextstat_bin: z.string().optional(),
  run_dir: z.string().optional(),
  plans: z.array(Plan).min(1),
  results: z.array(ShardResult).optional(),
  collected_at_utc: z.string().optional(),
  farm: RunRecord.optional(),
});
export type Manifest = z.infer<typeof Manifest>;

/** A run that this program rendered: what it needs to run a shard is all there. */
export const FarmManifest = Manifest.extend({
  scheduler: z.string(),
  config: z.string(),
  threads: Count,
  shards: z.int().min(1),
  nextstat_bin: z.string(),
  run_dir: z.string(),
  farm: RunRecord,
});
export type FarmManifest = z.infer<typeof FarmManifest>;
