import type { AttemptTime } from "../attempt_time.ts";
import { TOY_ARRAYS } from "../output.ts";
import type { InputFile } from "../schema/enums.ts";
import type { FitWarning } from "../schema/fit_quality.ts";
import type { OutputFrame } from "../schema/shard_output.ts";
import type { PartStarts } from "../starts/tally.ts";
import type { SeedRange } from "../toy_ranges.ts";
import type { MergedFacts } from "./merged_facts.ts";
import { ParamPulls, type PartPulls } from "./param_pulls.ts";

/** Facts of one output that the merge keeps after reading its arrays. */
export interface SourceFacts extends SourceOrigin, FrameFacts {}

export interface SourceOrigin {
  /** Index in the run's plans, or in the shard's own output; null for the output of a whole run. */
  shard_index: number | null;
  name: string;
  path: string;
  toy_start: number;
  n_toys: number;
  /** Seed of the first toy. */
  seed: number;
  host: string | null;
  threads: number | null;
  /** Token in its record; null without a record. */
  run_token: string | null;
  spec_sha256: string | null;
  inputs: readonly InputFile[] | null;
  nextstat_version: string | null;
  nextstat_sha256: string | null;
  /** Facts about its own sources if the output is a merged document. */
  merged: MergedFacts | null;
  time: AttemptTime | null;
  /** From the old wrappers' side file, where there is no record; in seconds. */
  elapsed_s: number | null;
  /** Number of shards with known warnings: 1 for a shard, any number for a merged document. */
  n_shards: number;
  warnings: readonly FitWarning[];
}

export function rangesOf({ merged, seed, n_toys }: SourceOrigin): readonly SeedRange[] {
  return merged?.seed_ranges ?? [{ seed, n_toys }];
}

export const hostsOf = ({ merged, host }: SourceOrigin): readonly string[] => merged?.hosts ?? listOf(host);
export const sourceThreads = ({ merged, threads }: SourceOrigin): readonly number[] =>
  merged?.threads ?? listOf(threads);
export const tokensOf = ({ merged, run_token }: SourceOrigin): readonly string[] =>
  merged?.run_tokens ?? listOf(run_token);

/** Returns the sha256 of each nextstat binary that fitted its toys, as far as they are known. */
export const programsOf = ({ merged, nextstat_sha256 }: SourceOrigin): readonly string[] =>
  merged?.nextstat_sha256s ?? listOf(nextstat_sha256);

const listOf = <T>(value: T | null): readonly T[] => value === null ? [] : [value];

/** Returns the only value of a list; null: there are none or several. */
export const onlyOne = <T>([one, ...others]: readonly T[]): T | null => others.length === 0 ? one ?? null : null;

/** Number of toys by outcome; the two kinds of error are null where nextstat did not distinguish them. */
export interface ToyCounts {
  n_toys: number;
  n_error: number;
  n_converged: number;
  n_nonconverged: number;
  n_validation_error: number | null;
  n_computation_error: number | null;
}

type Override = readonly [name: string, value: number];

/** Facts of an output besides its arrays. */
interface FrameFacts {
  input_schema_version: string;
  parameter_names: readonly string[];
  poi_index: number;
  point: string;
  params: readonly number[];
  /** Names and values of --set, sorted by name. */
  overrides: readonly Override[];
  poi_true: number;
  counts: ToyCounts;
  /** Whether pulls were requested; null where a merged document does not say. */
  has_pulls: boolean | null;
  param_pulls: PartPulls | null;
  /** What its fits from several starts show; null: they had one. */
  starts: PartStarts | null;
  /** Members with content that cannot be merged. */
  unmerged: readonly string[];
}

/** Store that keeps one of several equal values, so that `===` compares them and memory holds them once. */
class Interner<T> {
  readonly #kept = new Map<string, T>();
  #last: T | undefined;

  constructor(readonly isEqual: (a: T, b: T) => boolean) {}

  keep(value: T): T {
    if (this.#last !== undefined && this.isEqual(this.#last, value)) return this.#last;
    const text = JSON.stringify(value);
    this.#last = this.#kept.get(text) ?? value;
    this.#kept.set(text, this.#last);
    return this.#last;
  }
}

const isSame = (a: unknown, b: unknown) => a === b;
const isSameList = <T>(equal: (a: T, b: T | undefined) => boolean) => (a: readonly T[], b: readonly T[]) =>
  a === b || (a.length === b.length && a.every((one, i) => equal(one, b[i])));

/** Reader of facts from frames, which shares equal values between frames. */
export class FrameReader {
  readonly #schemas = new Interner<string>(isSame);
  readonly #points = new Interner<string>(isSame);
  readonly #hosts = new Interner<string | null>(isSame);
  readonly #tokens = new Interner<string | null>(isSame);
  readonly #specs = new Interner<string | null>(isSame);
  readonly #versions = new Interner<string | null>(isSame);
  readonly #programs = new Interner<string | null>(isSame);
  readonly #names = new Interner<readonly string[]>(isSameList(isSame));
  readonly #unmerged = new Interner<readonly string[]>(isSameList(isSame));
  readonly #warnings = new Interner<readonly FitWarning[]>(
    isSameList((a, b) => a.text === b?.text && a.n_lines === b.n_lines && a.n_shards === b.n_shards),
  );
  readonly #params = new Interner<readonly number[]>(isSameList(isSame));
  readonly #overrides = new Interner<readonly Override[]>(isSameList((a, b) => a[0] === b?.[0] && a[1] === b[1]));
  readonly #inputs = new Interner<readonly InputFile[]>(
    isSameList((a, b) => a.sha256 === b?.sha256 && a.path === b.path),
  );

  read(origin: SourceOrigin, frame: OutputFrame): SourceFacts {
    const { gen, results } = frame;
    const { merged } = origin;
    const has_pulls = merged ? merged.pulls : hasPullGuardrail(frame);
    return this.adopt({
      ...origin,
      input_schema_version: frame.input_schema_version,
      parameter_names: frame.parameter_names,
      poi_index: frame.poi_index,
      point: gen.point,
      params: gen.params,
      overrides: sortedOverrides(gen.overrides),
      poi_true: results.poi_true,
      counts: countsOf(results),
      has_pulls,
      param_pulls: has_pulls === true ? paramPullsOf(frame, merged) : null,
      starts: merged ? merged.starts : partStarts(frame),
      unmerged: merged ? [...merged.not_merged, ...unmergedOf(frame)] : unmergedOf(frame),
    });
  }

  /** Returns facts in which this reader's values replace equal ones. */
  adopt(facts: SourceFacts): SourceFacts {
    facts.host = this.#hosts.keep(facts.host);
    facts.run_token = this.#tokens.keep(facts.run_token);
    facts.spec_sha256 = this.#specs.keep(facts.spec_sha256);
    facts.nextstat_version = this.#versions.keep(facts.nextstat_version);
    facts.nextstat_sha256 = this.#programs.keep(facts.nextstat_sha256);
    facts.inputs = facts.inputs && this.#inputs.keep(facts.inputs);
    facts.input_schema_version = this.#schemas.keep(facts.input_schema_version);
    facts.parameter_names = this.#names.keep(facts.parameter_names);
    facts.point = this.#points.keep(facts.point);
    facts.params = this.#params.keep(facts.params);
    facts.overrides = this.#overrides.keep(facts.overrides);
    facts.unmerged = this.#unmerged.keep(facts.unmerged);
    facts.warnings = this.#warnings.keep(facts.warnings);
    return facts;
  }
}

const NO_OVERRIDES: readonly Override[] = [];

function sortedOverrides(overrides: Record<string, number>): readonly Override[] {
  const entries = Object.entries(overrides);
  return entries.length === 0 ? NO_OVERRIDES : entries.sort();
}

/** Returns whether nextstat computed pulls: it does if a pull guardrail was requested (facts/nextstat.md). */
export function hasPullGuardrail({ guardrails }: OutputFrame): boolean {
  const isSet = (name: string) => (guardrails?.[name] ?? null) !== null;
  return isSet("max_abs_poi_pull_mean") || isSet("poi_pull_std_range");
}

function paramPullsOf({ summary }: OutputFrame, merged: MergedFacts | null): PartPulls | null {
  if (merged?.pull_sums) return { sums: merged.pull_sums };
  const parsed = ParamPulls.safeParse(summary?.["pulls_by_param"]);
  return parsed.success ? { means: parsed.data } : null;
}

/** Returns what an output shows of its starts; null: its toys had one start each. */
export function partStarts({ farm, results: { n_toys } }: OutputFrame): PartStarts | null {
  if (!farm?.starts) return null;
  const { k, n_found_by_one, starts } = farm.starts;
  return { k, n_toys, n_found_by_one, starts };
}

function countsOf(results: OutputFrame["results"]): ToyCounts {
  const { n_toys, n_error, n_converged, n_nonconverged } = results;
  const optional = (name: string) => {
    const value = results[name];
    return typeof value === "number" && Number.isSafeInteger(value) && value >= 0 ? value : null;
  };
  return {
    n_toys,
    n_error,
    n_converged,
    n_nonconverged,
    n_validation_error: optional("n_validation_error"),
    n_computation_error: optional("n_computation_error"),
  };
}

const KNOWN = {
  frame: new Set([
    "farm",
    "gen",
    "guardrails",
    "input_schema_version",
    "merge",
    "parameter_names",
    "poi_index",
    "results",
    "shard",
    "summary",
  ]),
  results: new Set<string>([
    ...TOY_ARRAYS,
    "n_computation_error",
    "n_converged",
    "n_error",
    "n_nonconverged",
    "n_toys",
    "n_validation_error",
    "poi_true",
  ]),
  summary: new Set(["mean", "n_ok", "pull", "pulls_by_param", "q16", "q50", "q84", "std"]),
};

const NONE: readonly string[] = [];

function unmergedOf(frame: OutputFrame): readonly string[] {
  const found: string[] = [];
  const look = (members: Record<string, unknown>, known: Set<string>, prefix: string) => {
    for (const key in members) if (!known.has(key) && members[key] !== null) found.push(prefix + key);
  };
  look(frame, KNOWN.frame, "");
  look(frame.results, KNOWN.results, "results.");
  look(frame.summary ?? {}, KNOWN.summary, "summary.");
  return found.length === 0 ? NONE : found;
}
