import type { FitQuality } from "../schema/fit_quality.ts";
import type { Manifest, RequestedGuardrails } from "../schema/manifest.ts";
import type { MergedStarts, StartsCheck } from "../schema/starts.ts";
import { MERGED_SCHEMA } from "../schema/shard_output.ts";
import { joinRanges, type MissingToys, type SeedRange } from "../toy_ranges.ts";
import { guardrailsJson, type Verdict } from "./guardrails.ts";
import { ArrayPlace, Float, float, floats, type Json, type JsonPart, jsonParts } from "./json_text.ts";
import type { GenPoint } from "./merged_facts.ts";
import type { PullSums } from "./param_pulls.ts";
import { distinctPoints, genSpread } from "./prove.ts";
import {
  hostsOf,
  onlyOne,
  programsOf,
  rangesOf,
  type SourceFacts,
  sourceThreads,
  tokensOf,
  type ToyCounts,
} from "./source_facts.ts";
import { type SetSummary, summaryJson, type UsableSummary } from "./summary.ts";

/** A proven set of outputs, and its statistics. */
export interface MergedSet {
  /** In toy order, at least one. */
  sources: readonly [SourceFacts, ...SourceFacts[]];
  /** Seed of the run's first toy and number of toys; for inputs without a run, those of the inputs together. */
  run: SeedRange;
  missing: readonly MissingToys[];
  /** Outputs that --allow-partial left out. */
  left_out: readonly string[];
  summary: SetSummary;
  /** null: every pull has a usable sigma. */
  usable: UsableSummary | null;
  requested: RequestedGuardrails;
  verdict: Verdict;
  fits: FitQuality;
  origin: MergeOrigin;
}

interface MergeOrigin {
  created_at_utc: string;
  nsfarm_version: string;
  manifest: Manifest | null;
  manifest_path: string | null;
}

/** Adds up the toys of a set by outcome. */
export function sumCounts(sources: readonly SourceFacts[]): ToyCounts {
  const sum = (of: (counts: ToyCounts) => number | null) =>
    sources.reduce<number | null>((total, { counts }) => {
      const one = of(counts);
      return total === null || one === null ? null : total + one;
    }, 0);
  return {
    n_toys: sum((counts) => counts.n_toys) ?? 0,
    n_error: sum((counts) => counts.n_error) ?? 0,
    n_converged: sum((counts) => counts.n_converged) ?? 0,
    n_nonconverged: sum((counts) => counts.n_nonconverged) ?? 0,
    n_validation_error: sum((counts) => counts.n_validation_error),
    n_computation_error: sum((counts) => counts.n_computation_error),
  };
}

/** Returns merged.out.json: keys and layout as nextstat writes them for an unsharded run, followed by `merge`. */
export function mergedParts(set: MergedSet): JsonPart[] {
  const [first] = set.sources;
  const has = (member: string) => set.sources.some((source) => source.unmerged.includes(member));
  return jsonParts({
    gen: genJson(first, set.run),
    guardrails: guardrailsJson(set.requested, set.verdict, set.summary.pull),
    input_schema_version: first.input_schema_version,
    parameter_names: [...first.parameter_names],
    poi_index: first.poi_index,
    results: resultsJson(sumCounts(set.sources), first.poi_true),
    shard: null,
    summary: summaryJson(set.summary, has("summary.mean_ci")),
    merge: mergeJson(set),
  });
}

function genJson(first: SourceFacts, run: SeedRange): Json {
  const overrides = Object.fromEntries(first.overrides.map(([name, value]) => [name, float(value)]));
  return { n_toys: run.n_toys, overrides, params: floats(first.params), point: first.point, seed: run.seed };
}

/** Returns the member `results` of an output, with places for the four arrays. */
export function resultsJson(counts: ToyCounts, poi_true: number): Json {
  const { n_computation_error, n_validation_error } = counts;
  return {
    converged: new ArrayPlace("converged"),
    ...(n_computation_error === null ? {} : { n_computation_error }),
    n_converged: counts.n_converged,
    n_error: counts.n_error,
    n_nonconverged: counts.n_nonconverged,
    n_toys: counts.n_toys,
    ...(n_validation_error === null ? {} : { n_validation_error }),
    nll: new ArrayPlace("nll"),
    optimizer_diagnostics: null,
    poi_hat: new ArrayPlace("poi_hat"),
    poi_sigma: new ArrayPlace("poi_sigma"),
    poi_true: new Float(poi_true),
  };
}

function mergeJson(set: MergedSet): Json {
  const { sources, origin: { manifest, manifest_path, created_at_utc } } = set;
  return {
    schema_version: MERGED_SCHEMA,
    created_at_utc,
    n_shards: sources.length,
    sources: sources.map(sourceJson),
    manifest: manifest && { run_id: manifest.run_id, path: manifest_path, hosts_file: hostsFile(manifest) },
    farm: farmJson(set),
  };
}

function sourceJson({ shard_index, host, toy_start, n_toys, path }: SourceFacts): Json {
  return { shard_index, host, toy_start, n_toys, path };
}

function hostsFile(manifest: Manifest): string | null {
  const value = manifest["hosts_file"];
  return typeof value === "string" ? value : null;
}

/** Returns the sha256 of each nextstat binary that fitted the toys, sorted, as far as they are known. */
export const nextstatSums = ({ sources }: Pick<MergedSet, "sources">): string[] =>
  distinct(sources.flatMap(programsOf));

function farmJson(set: MergedSet): Json {
  const { sources, missing, origin } = set;
  const record = origin.manifest?.farm;
  const programs = nextstatSums(set);
  const spread = genSpread(sources);
  const has_pulls = sources.find((source) => source.has_pulls !== null)?.has_pulls ?? null;
  return {
    nsfarm_version: origin.nsfarm_version,
    run_tokens: distinct(sources.flatMap(tokensOf)),
    nextstat_version: distinct(sources.map((source) => source.nextstat_version))[0] ?? null,
    nextstat_sha256: programs.length > 0 ? onlyOne(programs) : record?.nextstat_sha256 ?? null,
    nextstat_sha256s: programs,
    spec_sha256: distinct(sources.map((source) => source.spec_sha256))[0] ?? null,
    inputs: sources.find((source) => source.inputs)?.inputs?.map((input) => ({ ...input })) ?? null,
    hosts: distinct(sources.flatMap(hostsOf)),
    threads: distinct(sources.flatMap(sourceThreads)),
    partial: missing.length > 0,
    missing: missing.map(({ toy_start, seed, n_toys }) => ({ toy_start, n_toys, seed })),
    left_out: [...set.left_out],
    unrecorded: unrecorded(set),
    seed_ranges: rangesJson(joinRanges(sources.flatMap(rangesOf))),
    gen_spread: spread && { params: floats(spread.params), poi_true: float(spread.poi_true) },
    frozen_gen: frozenJson(record ? record.frozen_gen : frozenOf(sources)),
    not_merged: notMerged(sources),
    pulls: has_pulls,
    pull_sums: has_pulls === true ? sumsJson(set.summary.pull_sums) : null,
    points: distinctPoints(sources)?.map(pointJson) ?? null,
    fits: fitsJson(set.fits),
    ...(set.fits.starts ? { starts: mergedStartsJson(set.fits.starts) } : {}),
    ...(set.fits.starts_check ? { starts_check: startsCheckJson(set.fits.starts_check) } : {}),
  };
}

const mergedStartsJson = ({ k, n_toys, starts, n_found_by_one, ...found }: MergedStarts): Json => ({
  ...{ k, n_toys },
  starts: starts.map(({ index, data_file, sha256, n_lowest_alone, n_missed, worst_missed_nll }) => ({
    ...{ index, data_file, sha256, n_lowest_alone, n_missed },
    worst_missed_nll: new Float(worst_missed_nll),
  })),
  n_found_by_one,
  ...(found.n_trial_toys === undefined
    ? {}
    : { n_trial_toys: found.n_trial_toys, n_trial_missed: found.n_trial_missed ?? 0 }),
  missed_bound: new Float(found.missed_bound),
  missed_estimate: new Float(found.missed_estimate),
  max_missed: new Float(found.max_missed),
});

const startsCheckJson = (
  { n_toys, n_starts, n_lower, worst_nll, poi_mean, poi_mean_lowest }: StartsCheck,
): Json => ({
  ...{ n_toys, n_starts, n_lower },
  ...{ worst_nll: new Float(worst_nll), poi_mean: new Float(poi_mean), poi_mean_lowest: new Float(poi_mean_lowest) },
});

function fitsJson(fits: FitQuality): Json {
  const { poi, poi_true, poi_bounds, n_toys, n_on_lower, n_on_upper, n_shards } = fits;
  return {
    poi,
    poi_true: float(poi_true),
    poi_bounds: poi_bounds && floats(poi_bounds),
    n_toys,
    n_on_lower,
    n_on_upper,
    findings: fits.findings.map(({ kind, value, n, expected, error }) => ({
      kind,
      value: new Float(value),
      n,
      expected: float(expected),
      error: float(error),
    })),
    warnings: fits.warnings.map(({ text, n_shards, n_lines }) => ({ text, n_shards, n_lines })),
    n_shards,
    ...(fits.reasons ? { reasons: [...fits.reasons] } : {}),
  };
}

const sumsJson = (sums: PullSums): Json =>
  sums.map((one) => {
    if (one === null) return null;
    const { n_ok, sum, sum_of_squares, within_1, within_2 } = one;
    return { n_ok, sum, sum_of_squares, within_1, within_2 };
  });

const rangesJson = (ranges: readonly SeedRange[]): Json => ranges.map((range) => ({ ...range }));

function pointJson({ hosts, threads, params, poi_true, seed_ranges }: GenPoint): Json {
  return {
    hosts: [...hosts],
    threads: [...threads],
    params: floats(params),
    poi_true: float(poi_true),
    seed_ranges: rangesJson(seed_ranges),
  };
}

/** Returns the frozen generation point of the merged sources; null if they differ. */
function frozenOf(sources: readonly SourceFacts[]): Readonly<Record<string, number>> | null {
  const printed = sources.map(({ merged }) => merged?.frozen_gen ?? null);
  const [first = null] = printed;
  return printed.every((one) => JSON.stringify(one) === JSON.stringify(first)) ? first : null;
}

/** Returns the shards of our run that were accepted without a record (--accept-unrecorded). */
function unrecorded({ sources, origin }: MergedSet): number[] {
  if (!origin.manifest?.farm) return [];
  return sources.flatMap(({ run_token, shard_index }) => run_token === null ? shard_index ?? [] : []);
}

function frozenJson(frozen: Readonly<Record<string, number>> | null | undefined): Json {
  return frozen ? Object.fromEntries(Object.entries(frozen).map(([name, value]) => [name, float(value)])) : null;
}

function distinct<T extends string | number>(values: readonly (T | null)[]): T[] {
  const known = [...new Set(values)].filter((value) => value !== null);
  return known.sort((a, b) => a < b ? -1 : a > b ? 1 : 0);
}

const WHY_NOT: Record<string, string> = {
  "summary.mean_ci":
    "a bootstrap over the toys of one shard does not describe the whole set, and its resampling cannot be reproduced",
};
const WHY_NOT_OTHERS = "nextstat does not document how to combine it from parts";

/** Returns the members of the outputs that a merge cannot combine, each with the reason. */
function notMerged(sources: readonly SourceFacts[]): Json {
  const members = [...new Set(sources.flatMap((source) => source.unmerged))].sort();
  return Object.fromEntries(members.map((member) => [member, WHY_NOT[member] ?? WHY_NOT_OTHERS]));
}
