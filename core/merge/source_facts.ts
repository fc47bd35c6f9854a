import * as z from "zod";
import type { AttemptTime } from "../attempt_time.ts";
import type { InputFile } from "../contracts/kinds.ts";
import type { OutputFrame } from "../contracts/shard_output.ts";
import { TOY_ARRAYS } from "../output_text.ts";
import { ParamPulls } from "./param_pulls.ts";

/** What the merge keeps of one output once its arrays are taken in. */
export interface SourceFacts extends SourceOrigin, FrameFacts {}

/** Which toys an output holds, and where it is from. */
export interface SourceOrigin {
  /** Its number in the run's plans, or in the shard's own output; null for a whole run's output. */
  shard_index: number | null;
  /** How it is called in messages. */
  name: string;
  path: string;
  toy_start: number;
  n_toys: number;
  /** The seed of its first toy. */
  seed: number;
  host: string | null;
  threads: number | null;
  /** What its record tells; null where it has none. */
  run_token: string | null;
  spec_sha256: string | null;
  inputs: readonly InputFile[] | null;
  nextstat_version: string | null;
  time: AttemptTime | null;
  /** From the old wrappers' side file, where there is no record. */
  elapsed_s: number | null;
}

/** How many toys ended how; the two kinds of error are null where nextstat did not tell them apart. */
export interface ToyCounts {
  n_toys: number;
  n_error: number;
  n_converged: number;
  n_nonconverged: number;
  n_validation_error: number | null;
  n_computation_error: number | null;
}

/** What an output says besides its arrays. */
export interface FrameFacts {
  input_schema_version: string;
  parameter_names: readonly string[];
  poi_index: number;
  point: string;
  params: readonly number[];
  overrides: Readonly<Record<string, number>>;
  poi_true: number;
  counts: ToyCounts;
  /** Whether pulls were asked for. */
  has_pulls: boolean;
  param_pulls: ParamPulls | null;
  /** Members that hold something and cannot be merged. */
  unmerged: readonly string[];
}

/** Keeps one of several equal values, so that they can be compared by `===` and take their space once. */
class Keeper<T> {
  readonly #kept = new Map<string, T>();
  readonly #seen = new Map<T, T>();

  /** As `keep`, for values that come again and again. */
  keepSeen(value: T): T {
    const known = this.#seen.get(value);
    if (known !== undefined) return known;
    const kept = this.keep(value);
    this.#seen.set(value, kept);
    return kept;
  }

  keep(value: T): T {
    const key = JSON.stringify(value);
    const known = this.#kept.get(key);
    if (known !== undefined) return known;
    this.#kept.set(key, value);
    return value;
  }
}

/** Takes facts out of frames, what is equal in many of them once. */
export class FrameReader {
  readonly #texts = new Keeper<string>();
  readonly #names = new Keeper<readonly string[]>();
  readonly #params = new Keeper<readonly number[]>();
  readonly #overrides = new Keeper<Readonly<Record<string, number>>>();

  read(frame: OutputFrame): FrameFacts {
    const { gen, results } = frame;
    const has_pulls = asksPulls(frame);
    return {
      input_schema_version: this.#texts.keep(frame.input_schema_version),
      parameter_names: this.#names.keep(frame.parameter_names),
      poi_index: frame.poi_index,
      point: this.#texts.keep(gen.point),
      params: this.#params.keep(gen.params),
      overrides: this.#overrides.keep(sortedByKey(gen.overrides)),
      poi_true: results.poi_true,
      counts: countsOf(results),
      has_pulls,
      param_pulls: has_pulls ? paramPullsOf(frame) : null,
      unmerged: this.#names.keep(unmergedOf(frame)),
    };
  }

  /** Facts that another reader took, with this one's values in place of equal ones. */
  adopt(facts: SourceFacts): SourceFacts {
    return {
      ...facts,
      input_schema_version: this.#texts.keepSeen(facts.input_schema_version),
      parameter_names: this.#names.keepSeen(facts.parameter_names),
      point: this.#texts.keepSeen(facts.point),
      params: this.#params.keepSeen(facts.params),
      overrides: this.#overrides.keepSeen(facts.overrides),
      unmerged: this.#names.keepSeen(facts.unmerged),
    };
  }
}

const sortedByKey = (values: Record<string, number>) => Object.fromEntries(Object.entries(values).sort());

const AskedPulls = z.looseObject({
  max_abs_poi_pull_mean: z.unknown().optional(),
  poi_pull_std_range: z.unknown().optional(),
});

/** Pulls are computed when one of the pull guardrails was asked for (facts/nextstat.md). */
function asksPulls({ guardrails }: OutputFrame): boolean {
  const asked = AskedPulls.safeParse(guardrails ?? {});
  if (!asked.success) return false;
  return (asked.data.max_abs_poi_pull_mean ?? null) !== null || (asked.data.poi_pull_std_range ?? null) !== null;
}

function paramPullsOf({ summary }: OutputFrame): ParamPulls | null {
  const parsed = ParamPulls.safeParse(summary?.["pulls_by_param"]);
  return parsed.success ? parsed.data : null;
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

function unmergedOf(frame: OutputFrame): string[] {
  const held = (members: Record<string, unknown>, known: Set<string>, prefix: string) =>
    Object.keys(members).filter((key) => !known.has(key) && members[key] !== null).map((key) => prefix + key);
  return [
    ...held(frame, KNOWN.frame, ""),
    ...held(frame.results, KNOWN.results, "results."),
    ...held(frame.summary ?? {}, KNOWN.summary, "summary."),
  ];
}
