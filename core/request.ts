import { join } from "node:path";
import type { ProbePlace } from "./cut_by_time.ts";
import { splitTotal } from "./fit_command.ts";
import { guardrailsText, hasGuardrail } from "./merge/guardrails.ts";
import {
  type FarmManifest,
  type OptionValue,
  type Plan,
  RUN_RECORD_SCHEMA,
  type RunRecord,
} from "./schema/manifest.ts";
import { splitToys, type ToyRange } from "./toys.ts";
import { VERSION } from "./version.ts";
import { DEFAULT_WORKLOAD, workloadNamed } from "./workload/registry.ts";

/** Toys assigned to one host, or to a shard by time. */
interface Share extends ToyRange {
  at: Partial<Pick<Plan, "host" | "user" | "port" | "weight" | "farm">>;
}

/** Options of `render` after all checks that need no file. Paths are absolute. */
export interface RunRequest {
  scheduler: string;
  config: string;
  n_toys: number;
  seed: number;
  /** Whether a later free seed is as good: the wanted one may be taken before the run is rendered. */
  fresh_seed?: boolean;
  shards: number;
  threads: number;
  nextstat_bin: string;
  out_dir: string;
  run_id: string;
  /** Name of what the shards do. */
  workload: string;
  /** Tested value of the POI; null: the workload tests none. */
  mu: number | null;
  gen: "init" | "mle";
  set: Record<string, number>;
  freeze_gen: boolean;
  pulls: boolean;
  guardrails: FarmManifest["farm"]["guardrails"];
  extra_args: string[];
  wrapper: "binary" | "sh";
  wrapper_given?: boolean;
  mode: "shared" | "transfer";
  /** Number of jobs that pull shards, in place of a job for each shard or group of shards. */
  pilots: number | null;
  /** Wanted time of a shard in minutes, in place of `shards`, which is then a placeholder; null: `shards` counts. */
  shard_minutes: number | null;
  /** Where probes run, with shard_minutes; absent: the trial fit alone gives the time of a toy. */
  probes?: ProbePlace[];
  /** One share for each host, or shards by time, in place of equal shards. */
  shares?: Share[];
  options: Record<string, OptionValue>;
  /** Number of starts from which each toy is fitted, or `auto`; null: as nextstat starts. */
  starts: number | "auto" | null;
  /** Number of trial toys that are also fitted from other starts before the run; 0: none. */
  check_starts: number;
  /** Number by which the signal of a workspace is divided, so that fits of toys start elsewhere; absent: 1. */
  signal_scale?: number;
  /** Whether to go on where the fit of the observed data is not at its minimum. */
  accept_observed_fit?: boolean;
  /** Whether to fit one toy first, so that nextstat refuses a bad spec before anything is written. */
  check: boolean;
}

export const requestDir = ({ out_dir, run_id }: Pick<RunRequest, "out_dir" | "run_id">): string =>
  join(out_dir, run_id);

/** Time and program of rendering, and the token that identifies the run. */
type Origin = Pick<FarmManifest, "created_at_utc"> & Pick<RunRecord, "run_token" | "nsfarm_bin">;

/** Number of trial toys that are fitted from other starts before a run. */
export const CHECK_TOYS = 40;

const NO_HASH = "0".repeat(64);

/** Returns the manifest of a request before any file is read; members that depend on files are empty. */
export function newManifest(request: RunRequest, { created_at_utc, ...origin }: Origin): FarmManifest {
  const { scheduler, config, n_toys, seed, threads, shards, nextstat_bin } = request;
  const ranges = request.shares ?? splitToys(n_toys, shards);
  const workload = workloadNamed(request.workload);
  const settings = workload.settings({ mu: request.mu ?? undefined, signal_scale: request.signal_scale });
  return {
    schema_version: workload.run_schema,
    created_at_utc,
    run_id: request.run_id,
    ...{ scheduler, config, n_toys, seed, threads, shards, nextstat_bin },
    run_dir: requestDir(request),
    plans: ranges.map((range, i) => ({ ...newPlan(request, i, range), ...request.shares?.[i]?.at })),
    farm: {
      schema_version: RUN_RECORD_SCHEMA,
      ...origin,
      nsfarm_version: VERSION,
      nextstat_version: "",
      nextstat_sha256: NO_HASH,
      spec_sha256: NO_HASH,
      inputs: [],
      ...(settings ? { workload: settings } : {}),
      ...(request.accept_observed_fit === true ? { accept_observed_fit: true } : {}),
      gen: request.gen,
      set: request.set,
      frozen_gen: null,
      pulls: request.pulls,
      guardrails: request.guardrails,
      extra_args: request.extra_args,
      wrapper: request.wrapper,
      ...(request.wrapper_given ? { wrapper_given: true } : {}),
      mode: request.mode,
      pilots: request.pilots,
      ...(request.shard_minutes === null ? {} : { shard_minutes: request.shard_minutes }),
      options: request.options,
      environment: { host: "", cpu_model: null, kernel: null, rustc_version: null, load_average: null, uptime_s: null },
      history: [],
    },
  };
}

/** Returns the manifest of a run that nothing has run yet with another seed of toy 0. */
export const withSeed = (manifest: FarmManifest, seed: number): FarmManifest => ({
  ...manifest,
  seed,
  plans: manifest.plans.map((plan) => ({ ...plan, seed: plan.seed + seed - manifest.seed })),
});

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

/**
 * Members in which two requests of one run may differ: its location, the test fit, the hosts' shares (which follow the
 * weights in the hosts file), the probes, and whether the same wrapper was given, or any free seed wanted. Scheduler
 * options are compared separately.
 */
type MayDiffer =
  | "out_dir"
  | "run_id"
  | "check"
  | "check_starts"
  | "shares"
  | "probes"
  | "options"
  | "wrapper_given"
  | "fresh_seed";

/** Values with which the run was rendered. A new member of RunRequest must be listed here or in MayDiffer. */
const AS_RENDERED: { [Name in Exclude<keyof RunRequest, MayDiffer>]: (run: FarmManifest) => RunRequest[Name] } = {
  config: ({ config }) => config,
  n_toys: splitTotal,
  seed: ({ seed }) => seed,
  shard_minutes: ({ farm }) => farm.shard_minutes ?? null,
  shards: ({ shards }) => shards,
  threads: ({ threads }) => threads,
  scheduler: ({ scheduler }) => scheduler,
  nextstat_bin: ({ nextstat_bin }) => nextstat_bin,
  workload: ({ farm }) => farm.workload?.name ?? DEFAULT_WORKLOAD,
  mu: ({ farm }) => farm.workload?.mu ?? null,
  signal_scale: ({ farm }) => farm.workload?.signal_scale,
  accept_observed_fit: ({ farm }) => farm.accept_observed_fit,
  gen: ({ farm }) => farm.gen,
  set: ({ farm }) => farm.set,
  // Starts freeze the generation point of their own.
  freeze_gen: ({ farm }) => farm.frozen_gen !== null && farm.frozen_gen !== undefined && !farm.starts,
  starts: ({ farm }) => farm.starts?.asked ?? null,
  pulls: ({ farm }) => farm.pulls,
  guardrails: ({ farm }) => farm.guardrails,
  extra_args: ({ farm }) => farm.extra_args,
  wrapper: ({ farm }) => farm.wrapper,
  mode: ({ farm }) => farm.mode,
  pilots: ({ farm }) => farm.pilots,
};

/** Returns the first option in which a request differs from the existing run of that name, in words, or null. */
export function requestDifference(
  manifest: FarmManifest,
  requested: Omit<RunRequest, Exclude<MayDiffer, "options" | "fresh_seed">>,
) {
  for (const [name, read] of Object.entries(AS_RENDERED)) {
    const was = read(manifest);
    const wanted: unknown = Reflect.get(requested, name);
    // The measured times gave the number of shards, and no request does.
    if (name === "shards" && requested.shard_minutes !== null) continue;
    if (name === "seed" && requested.fresh_seed) continue;
    if (JSON.stringify(sortKeys(was)) === JSON.stringify(sortKeys(wanted))) continue;
    if (name === "guardrails") return guardrailWords(manifest.farm.guardrails, requested.guardrails);
    return words(name === "extra_args" ? "extra-arg" : name.replaceAll("_", "-"), was, wanted);
  }
  return optionDifference(manifest.farm.first_options ?? manifest.farm.options, requested.options);
}

type Options = FarmManifest["farm"]["options"];

/** Compares scheduler options as rendered; later changes by `retry` do not count. */
function optionDifference(run: Options, requested: Options): string | null {
  const names = [...new Set([...Object.keys(run), ...Object.keys(requested)])];
  const wrong = names.find((name) => JSON.stringify(run[name]) !== JSON.stringify(requested[name]));
  return wrong === undefined ? null : words(wrong, run[wrong], requested[wrong]);
}

function words(name: string, was: unknown, requested: unknown): string {
  const [before, now] = [show(was), show(requested)];
  const rendered = before === null ? `no --${name}` : before === "it" ? `--${name}` : `--${name} ${before}`;
  return `it has ${rendered}, you gave ${now ?? "none"}`;
}

function guardrailWords(...both: [was: RunRequest["guardrails"], requested: RunRequest["guardrails"]]): string {
  const [was, requested] = both.map((one) => hasGuardrail(one) ? guardrailsText(one) : "none");
  return `its guardrails are ${was}; you gave ${requested}`;
}

function sortKeys(value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => a < b ? -1 : 1));
}

/** Returns the value of an option as it is typed; null: it is not given; "it": it has no value. */
function show(value: unknown): string | null {
  if (value === undefined || value === null || value === false) return null;
  if (value === true) return "it";
  if (typeof value !== "object") return `${value}`;
  const words = Array.isArray(value) ? value : Object.entries(value).map(([name, one]) => `${name}=${one}`);
  return words.length === 0 ? null : words.join(" ");
}

/**
 * Returns the manifest with other values for scheduler options and an entry in its history; the same object where
 * nothing differs.
 * @param doing first word of the history entry: `retried`
 * @param raised names of the options that were raised without a value; kept in the history until jobs have them
 */
export function changeOptions(
  manifest: FarmManifest,
  changes: Readonly<Record<string, OptionValue>>,
  doing: string,
  at_utc: string,
  raised: readonly string[] = [],
): FarmManifest {
  const { options, history } = manifest.farm;
  const words = Object.entries(changes).flatMap(([name, value]) =>
    options[name] === value ? [] : [`--${name} ${options[name] ?? "(none)"} → ${value}`]
  );
  if (words.length === 0) return manifest;
  const change = `${doing} with ${words.join(", ")}`;
  const farm = {
    ...manifest.farm,
    options: { ...options, ...changes },
    first_options: manifest.farm.first_options ?? options,
    history: [...history, { at_utc, change, ...(raised.length > 0 ? { doubled: [...raised], ...UNUSED } : {}) }],
  };
  return { ...manifest, farm };
}

const UNUSED = { submitted_at_utc: null };
