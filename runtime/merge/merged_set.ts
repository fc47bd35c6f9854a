import { FarmError } from "../../core/errors.ts";
import { fitQuality, poiName } from "../../core/fit_quality.ts";
import { rangeText } from "../../core/format.ts";
import { judge, needsPulls } from "../../core/merge/guardrails.ts";
import { type MergedSet, sumCounts } from "../../core/merge/merged_document.ts";
import { duplicateSeeds, mismatches } from "../../core/merge/prove.ts";
import type { WayOut } from "../../core/merge/report.ts";
import { rangesOf, type SourceOrigin } from "../../core/merge/source_facts.ts";
import { summarise, usableSummary } from "../../core/merge/summary.ts";
import type { RequestedGuardrails } from "../../core/schema/manifest.ts";
import type { Problem } from "../../core/schema/merge_report.ts";
import { runTimes } from "../../core/run_times.ts";
import type { RunTimes } from "../../core/schema/run_times.ts";
import { joinRanges, type MissingToys, missingToys, type SeedRange, sumToys } from "../../core/toy_ranges.ts";
import { startReasons } from "../../core/trial_fit.ts";
import { addStarts, type LimitOfShare } from "../../core/starts/tally.ts";
import { failedCheck, MOST_MISSED } from "../../core/starts/words.ts";
import { readRecords, timeFacts } from "../shard/run_records.ts";
import type { Sources } from "./sources.ts";
import { readAll, type ReadOptions, type ReadSet } from "./worker.ts";

/** Outputs that were read, and the problems that keep them from being the whole set. */
export interface Proof {
  read: ReadSet;
  /** Empty: the set is proven. */
  problems: Problem[];
  missing: MissingToys[];
  /** Whether the outputs may be merged where a partial set is allowed. */
  is_mergeable: boolean;
  /** The option that merges the outputs in spite of the problems; null: none. */
  way_out: WayOut | null;
}

/** Reads all outputs and proves that they are one whole set. @param allow_partial leaves out what does not fit */
export async function prove(sources: Sources, allow_partial: boolean, options: ReadOptions): Promise<Proof> {
  const first = await readAll(sources, options);
  const odd = mismatches(first.facts);
  if (odd.length === 0 || !allow_partial) return proofOf(sources, first);
  first.close();
  const left_out = new Map(odd.map(({ source, what }) => [source.path, what]));
  return proofOf(sources, await readAll(sources, { ...options, left_out }));
}

/** Returns what read outputs prove. */
export function proofOf({ wanted, run }: Sources, read: ReadSet): Proof {
  const odd = mismatches(read.facts).map(({ source, what }) => ({ shard_index: source.shard_index, what }));
  const twice = duplicateSeeds(read.facts);
  const missing = missingToys(wanted, read.facts.flatMap(rangesOf));
  const problems = [...read.problems, ...odd, ...twice];
  if (missing.length > 0 && (problems.length === 0 || !run)) problems.push(missingProblem(missing));
  const way_out = twice.length > 0 ? "once" : read.facts.length > 0 ? "partial" : null;
  const is_mergeable = odd.length === 0 && way_out === "partial";
  return { read, problems, missing, is_mergeable, way_out };
}

export function missingProblem(missing: readonly SeedRange[]): Problem {
  const ranges = missing.map(({ seed, n_toys }) => rangeText(seed, seed + n_toys - 1));
  return { shard_index: null, what: `the toys with the seeds ${ranges.join(", ")} are in none of the outputs` };
}

/** Returns the times of the run; all unknown where some outputs have none (a merged document, an unrecorded shard). */
export function timesOf({ run }: Sources, origins: readonly SourceOrigin[]): RunTimes {
  const records = run ? readRecords(run) : { attempts: new Map(), submissions: [] };
  const elapsed = origins.flatMap(({ time, elapsed_s }) => time === null ? [elapsed_s] : []);
  return runTimes(timeFacts(origins.flatMap(({ time }) => time ?? []), elapsed, records));
}

/** The time of a merge and the version of this program. */
export interface MergeMoment {
  now_utc: string;
  nsfarm_version: string;
}

/**
 * Returns the merged set of a proof's outputs; null where there is none.
 * @param upperLimit null: the outputs are of no run with starts
 * @throws {FarmError} usage, when guardrails on pulls are given and the outputs have no pulls
 */
export function mergedSet(
  sources: Sources,
  proof: Proof,
  guardrails: RequestedGuardrails,
  moment: MergeMoment,
  upperLimit: LimitOfShare | null,
): MergedSet | null {
  const [first, ...rest] = proof.read.facts;
  if (!first) return null;
  const facts: MergedSet["sources"] = [first, ...rest];
  if (needsPulls(guardrails) && !facts.some((one) => one.has_pulls === true)) throw withoutPulls();
  const summary = summarise(proof.read.values, facts);
  const fits = fitsOf(sources, proof, facts, startsOf(sources, facts, guardrails, upperLimit));
  if (guardrails.max_missed !== undefined && !fits.starts) throw withoutStarts();
  return {
    sources: facts,
    run: wholeOf(sources.wanted),
    missing: proof.missing,
    left_out: proof.problems.map((problem) => problem.what),
    summary,
    usable: usableSummary(proof.read.values, { poi_true: first.poi_true, bounds: fits.poi_bounds }),
    requested: guardrails,
    verdict: judge(guardrails, sumCounts(facts), summary.pull, fits.starts),
    fits,
    origin: {
      created_at_utc: moment.now_utc,
      nsfarm_version: moment.nsfarm_version,
      manifest: sources.run?.manifest ?? null,
      manifest_path: sources.run?.manifest_path ?? null,
    },
  };
}

/** Returns the fit quality of a set; the bounds are from the run's spec, or from a merged document among the sources. */
function fitsOf(
  { run }: Sources,
  { read }: Proof,
  facts: MergedSet["sources"],
  starts: Pick<MergedSet["fits"], "starts" | "starts_check" | "reasons">,
): MergedSet["fits"] {
  const [first] = facts;
  const reported = facts.find((one) => one.merged?.fits?.poi_bounds)?.merged?.fits?.poi_bounds ?? null;
  const bounds = run?.manifest.farm?.poi_bounds ?? reported;
  const toys = { poi_hat: read.values.poi_hat, poi_true: first.poi_true, bounds };
  return fitQuality(poiName(first), toys, facts, starts);
}

/** Returns what several starts, or trial toys of a run without, show of the fits. */
function startsOf(
  { run }: Sources,
  facts: MergedSet["sources"],
  { max_missed = MOST_MISSED }: RequestedGuardrails,
  upperLimit: LimitOfShare | null,
): Pick<MergedSet["fits"], "starts" | "starts_check" | "reasons"> {
  const farm = run?.manifest.farm;
  const check = failedCheck(farm?.starts_check);
  if (!upperLimit || facts.every((one) => one.starts === null)) {
    return { reasons: startReasons(farm), ...(check ? { starts_check: check } : {}) };
  }
  const starts = addStarts(facts.map((one) => one.starts), farm?.starts ?? null, { upperLimit, max_missed });
  return starts ? { starts } : {};
}

function withoutStarts(): FarmError {
  return new FarmError(
    "usage",
    "Cannot judge --max-missed: each of these toys was fitted from one start",
    "Run them with --starts, or leave --max-missed out",
  );
}

/** Returns the error for guardrails on pulls where the outputs have no pulls. */
export function withoutPulls(): FarmError {
  return new FarmError(
    "usage",
    "Cannot judge a pull guardrail: these toys were fitted without their pulls",
    "Run them with --pulls, or leave --max-abs-poi-pull-mean and --poi-pull-std-range out",
  );
}

/** Returns the range of toys of a whole set. Outputs of several runs count as one range with all their toys. */
export function wholeOf(wanted: readonly SeedRange[]): SeedRange {
  const ranges = joinRanges(wanted);
  return { seed: ranges[0]?.seed ?? 0, n_toys: sumToys(ranges) };
}
