import * as z from "./zod.ts";
import { Count, InputFile, Interval, PositiveCount, Sha256, ShardState } from "./enums.ts";
import { Bounds } from "./fit_quality.ts";
import { Asymptotic, FixedAuxiliary, HYPOTEST_RUN_SCHEMA, TieProbability } from "./hypotest.ts";
import { ObservedFit, ScaleCheck, WorkspaceCopy } from "./observed.ts";
import { InJob } from "./scheduler.ts";
import { HypothesisCheck, RunStarts, StartsCheck } from "./starts.ts";

/** A parameter that a fit left on one of its bounds. */
export const AtBound = z.looseObject({ name: z.string(), bound: z.enum(["lower", "upper"]), value: z.number() });
export type AtBound = z.infer<typeof AtBound>;

/** Results of the test fits before a run: of the observed data, and of one toy. null: unknown. */
export const TrialFit = z.looseObject({
  /** Parameters on their bounds after the fit of the observed data. */
  at_bounds: z.nullable(z.array(AtBound)),
  /** nextstat's warnings in the fit of the observed data. */
  warnings: z.array(z.string()),
  /** Channels with Parquet data: number of rows, and the range of event counts that the yields allow. */
  channels: z.array(z.looseObject({ name: z.string(), n_events: Count, least: z.number(), most: z.number() })),
  /** Of the fit of the observed data; absent: nextstat gives none. */
  final_grad_norm: z.optional(z.number()),
  toy: z.looseObject({
    poi: z.string(),
    poi_true: z.number(),
    poi_hat: z.nullable(z.number()),
    /** CPU seconds to generate and fit it, and of the rest of nextstat's process. */
    fit_cpu_s: z.optional(z.number()),
    startup_cpu_s: z.optional(z.number()),
    /** nextstat's own time for it, and the rest of the fit's wall time. */
    toy_s: z.optional(z.number()),
    startup_s: z.optional(z.number()),
  }),
});
export type TrialFit = z.infer<typeof TrialFit>;

/** `schema_version` of manifest.json. */
export const RUN_SCHEMA = "nextstat.cpu_farm_unbinned_fit_toys_run.v1";
/** `schema_version` of manifest.json of any workload. */
export const RUN_SCHEMAS = [RUN_SCHEMA, HYPOTEST_RUN_SCHEMA] as const;
/** `schema_version` of a manifest's member `farm`. */
export const RUN_RECORD_SCHEMA = "nextstat.cpu_farm_run_record.v1";
/** `schema_version` of a result in a collected manifest. */
export const SHARD_RESULT_SCHEMA = "nextstat.cpu_farm_shard_result.v1";

/** One shard: toys [toy_start, toy_start + n_toys); seed = run seed + toy_start, but extensions may have own seeds. */
export const Plan = z.looseObject({
  shard_index: Count,
  host: z.string(),
  user: z.nullable(z.string()),
  port: z.number(),
  weight: z.number(),
  threads: Count,
  toy_start: Count,
  n_toys: PositiveCount,
  seed: Count,
  /**
   * replaced_by: the pieces that now replace this entry. uncut: toys that are cut into shards when the probes have shown
   * their time; nothing runs them before. probe: a short shard that shows it. sized_for: the executor that it is for.
   */
  farm: z.optional(z.looseObject({
    replaced_by: z.optional(z.array(Count)),
    uncut: z.optional(z.boolean()),
    probe: z.optional(z.boolean()),
    sized_for: z.optional(z.string()),
  })),
});
export type Plan = z.infer<typeof Plan>;

/** One row of results[]: status of the old scripts, or farm.state, null before the first state. */
export const ShardResult = z.looseObject({
  schema_version: z.optional(z.literal(SHARD_RESULT_SCHEMA)),
  shard_index: Count,
  host: z.string(),
  target: z.optional(z.string()),
  status: z.optional(z.enum(["ok", "failed"])),
  n_toys: Count,
  toy_start: Count,
  seed: Count,
  threads: z.optional(Count),
  weight: z.optional(z.number()),
  rc: z.optional(z.nullable(z.int())),
  elapsed_s: z.optional(z.nullable(z.number())),
  local_dir: z.optional(z.nullable(z.string())),
  local_output: z.optional(z.nullable(z.string())),
  local_metrics: z.optional(z.nullable(z.string())),
  local_stdout: z.optional(z.nullable(z.string())),
  local_stderr: z.optional(z.nullable(z.string())),
  remote_dir: z.optional(z.nullable(z.string())),
  error: z.optional(z.nullable(z.string())),
  farm: z.optional(z.looseObject({ state: ShardState })),
});
export type ShardResult = z.infer<typeof ShardResult>;

/** Guardrails of a merge as requested at render; null: not requested. */
export const RequestedGuardrails = z.strictObject({
  require_all_converged: z.boolean(),
  max_abs_poi_pull_mean: z.nullable(z.number()),
  poi_pull_std_range: z.nullable(Interval),
  /** Largest fraction of toys whose minimum may be missed (95 %); absent: none. */
  max_missed: z.optional(z.number()),
});
export type RequestedGuardrails = z.infer<typeof RequestedGuardrails>;

/** Value of a scheduler option. */
export const OptionValue = z.union([z.string(), z.number(), z.boolean(), z.array(z.string())]);
export type OptionValue = z.infer<typeof OptionValue>;

/** Machine on which a run was rendered. */
export const RunEnvironment = z.looseObject({
  host: z.string(),
  cpu_model: z.nullable(z.string()),
  kernel: z.nullable(z.string()),
  rustc_version: z.nullable(z.string()),
  load_average: z.nullable(z.array(z.number())),
  uptime_s: z.nullable(z.number()),
});

/** Change of a run after rendering: a cut, an extension, other options. */
export const HistoryEntry = z.looseObject({
  at_utc: z.string(),
  change: z.string(),
  /** New shards of an extension, or shards that were cut or are rerun. */
  shards: z.optional(z.array(Count)),
  n_toys_before: z.optional(Count),
  /** First seed of an extension whose seeds do not follow the run's because other runs in the folder use those. */
  seed: z.optional(Count),
  /** Arguments of an extension whose shards were also to be submitted; shards null: chosen automatically. */
  asked: z.optional(z.looseObject({ n_toys: Count, shards: z.nullable(Count) })),
  /** Options that were raised without a value, and the time of the first submission with them; null: not submitted yet. */
  doubled: z.optional(z.array(z.string())),
  submitted_at_utc: z.optional(z.nullable(z.string())),
  /** Step of a recovery (--recover); `shards` are those that it reruns. */
  recovery: z.optional(z.looseObject({
    /** What was done: `memory`, `time`, `cut`, `elsewhere`, `rerun`. */
    step: z.string(),
    /** Number of submissions on record before the step: later ones have its shards, and its limits. */
    n_submissions: Count,
    /** Why, in words: `out of memory`. */
    what: z.string(),
    /** Option that it changed, in words: `--slurm-memory 1G → 1536M`. */
    changed: z.optional(z.string()),
    /** Shards that waited in the queue and are submitted anew, without an attempt of theirs. */
    moved: z.optional(z.array(Count)),
    /** Nodes that jobs avoid from then on. */
    nodes: z.optional(z.array(z.string())),
  })),
});
export type HistoryEntry = z.infer<typeof HistoryEntry>;

/** What the shards of a run do, and its settings; absent: they fit toys (unbinned-fit-toys). */
export const WorkloadSettings = z.looseObject({
  name: z.string(),
  /** Tested value of the POI. */
  mu: z.optional(z.number()),
  /** --signal-scale: the fits' workspace has the signal divided by it, and POI and tested value multiplied. */
  signal_scale: z.optional(z.number()),
  /** The same test without toys. */
  asymptotic: z.optional(Asymptotic),
  /** Of a test of a workspace with constrained parameters. */
  fixed_auxiliary: z.optional(FixedAuxiliary),
  /** Of a test of a workspace whose model this program understands. */
  tie_probability: z.optional(TieProbability),
});
export type WorkloadSettings = z.infer<typeof WorkloadSettings>;

const AcceptedNextstat = z.looseObject({
  sha256: Sha256,
  bytes: Count,
  mtime_ms: z.optional(z.number()),
  ctime_ms: z.optional(z.number()),
  at_utc: z.string(),
});

/** The member `farm` of a manifest: how the run was rendered, and how it changed. */
export const RunRecord = z.looseObject({
  schema_version: z.literal(RUN_RECORD_SCHEMA),
  run_token: z.string().check(z.regex(/^[0-9a-f]{16}$/)),
  nsfarm_version: z.string(),
  /** Resolved path of the nsfarm-deno that rendered the run, and that its jobs run. */
  nsfarm_bin: z.optional(z.string()),
  nextstat_version: z.string(),
  nextstat_sha256: Sha256,
  spec_sha256: Sha256,
  inputs: z.array(InputFile),
  /** Modification time of each input when it was hashed, by path; a job hashes an input again only if this differs. */
  input_mtimes_ms: z.optional(z.record(z.string(), z.number())),
  /** The spec in the copy of all inputs for nodes without a shared disk, relative to the run directory. */
  staged_config: z.optional(z.string()),
  nextstat_bytes: z.optional(Count),
  nextstat_mtime_ms: z.optional(z.number()),
  nextstat_ctime_ms: z.optional(z.number()),
  /** Binaries that replaced nextstat, accepted with --accept-changed-nextstat. */
  accepted_nextstats: z.optional(z.array(AcceptedNextstat)),
  workload: z.optional(WorkloadSettings),
  /** Copy of the workspace in the run directory that its fits read; absent: they read the one of --config. */
  workspace: z.optional(WorkspaceCopy),
  /** What the check of the observed fit found; absent: it is sound, or was not checked. */
  observed_fit: z.optional(ObservedFit),
  /** Whether --accept-observed-fit was given. */
  accept_observed_fit: z.optional(z.boolean()),
  /** Trial toys of a hypothesis test from several starts. */
  scale_check: z.optional(ScaleCheck),
  gen: z.enum(["init", "mle"]),
  set: z.record(z.string(), z.number()),
  /** --freeze-gen: fitted point, by parameter name, used by every shard. */
  frozen_gen: z.optional(z.nullable(z.record(z.string(), z.number()))),
  /** --starts: each toy is fitted from each of them, and its lowest fit kept. */
  starts: z.optional(RunStarts),
  /** What trial toys showed of a run without --starts. */
  starts_check: z.optional(StartsCheck),
  /** The same of a test of an unbinned spec, for each hypothesis. */
  hypotheses_check: z.optional(z.array(HypothesisCheck)),
  /** Bounds of the POI in the spec; null if the spec has none. */
  poi_bounds: z.optional(z.nullable(Bounds)),
  /** Results of the test fits at render. */
  trial: z.optional(TrialFit),
  pulls: z.boolean(),
  guardrails: RequestedGuardrails,
  extra_args: z.array(z.string()),
  wrapper: z.enum(["binary", "sh"]),
  /** Whether --wrapper was given: jobs then do not use the sh wrapper where nsfarm-deno does not start. */
  wrapper_given: z.optional(z.boolean()),
  mode: z.enum(["shared", "transfer"]),
  pilots: z.nullable(Count),
  /** --shard-minutes: wanted time of a shard in minutes; absent: the number of shards was given. */
  shard_minutes: z.optional(z.number()),
  options: z.record(z.string(), OptionValue),
  /** Options as rendered, if a retry has changed them since. */
  first_options: z.optional(z.record(z.string(), OptionValue)),
  /** Plugin that rendered the run, if its scheduler is not built in; commands use the file while it has this sha256. */
  plugin: z.optional(z.looseObject({ sha256: Sha256, path: z.optional(z.string()) })),
  /** What its jobs see of their scheduler, declared by the adapter at render; absent in runs of earlier versions. */
  in_job: z.optional(InJob),
  environment: RunEnvironment,
  history: z.array(HistoryEntry),
  /** Command of --on-end: program and arguments. */
  on_end: z.optional(z.array(z.string())),
  /** --recover of the command that submitted the finishing job: number of recoveries of a shard. */
  recover: z.optional(Count),
  /** Token of a copied run directory; hosts use it to separate its files from those of the original. */
  copy_token: z.optional(z.string()),
});
export type RunRecord = z.infer<typeof RunRecord>;

/** manifest.json, by the old scripts (without `farm`) or by this program. */
export const Manifest = z.looseObject({
  schema_version: z.literal([...RUN_SCHEMAS]),
  created_at_utc: z.string(),
  run_id: z.string(),
  scheduler: z.optional(z.string()),
  config: z.optional(z.string()),
  n_toys: PositiveCount,
  seed: Count,
  threads: z.optional(z.union([Count, z.string()])),
  shards: z.optional(PositiveCount),
  nextstat_bin: z.optional(z.string()),
  run_dir: z.optional(z.string()),
  plans: z.array(Plan).check(z.minLength(1)),
  results: z.optional(z.array(ShardResult)),
  collected_at_utc: z.optional(z.string()),
  farm: z.optional(RunRecord),
});
export type Manifest = z.infer<typeof Manifest>;

/** A run that this program rendered, with everything needed to run a shard. */
export const FarmManifest = z.extend(Manifest, {
  scheduler: z.string(),
  config: z.string(),
  threads: Count,
  shards: PositiveCount,
  nextstat_bin: z.string(),
  run_dir: z.string(),
  farm: RunRecord,
});
export type FarmManifest = z.infer<typeof FarmManifest>;
