import type { AskedGuardrails } from "../../core/contracts/manifest.ts";
import { FarmError } from "../../core/errors.ts";
import { fitQuality, poiName } from "../../core/fit_quality.ts";
import { asksPulls, judge } from "../../core/merge/guardrails.ts";
import { type MergedSet, sumCounts } from "../../core/merge/merged_document.ts";
import { summarise } from "../../core/merge/summary.ts";
import { joinRanges, type SeedRange } from "../../core/merge/toy_ranges.ts";
import type { Sources } from "./open_sources.ts";
import type { Proof } from "./prove.ts";

/** What the host knows and a merge may not find out by itself. */
export interface MergeMoment {
  now_utc: string;
  nsfarm_version: string;
}

/**
 * What a proof's outputs make when they are merged; null where there is none.
 * @throws {FarmError} usage, when pulls are to be judged and the outputs have none
 */
export function mergedSet(
  sources: Sources,
  proof: Proof,
  asked: AskedGuardrails,
  moment: MergeMoment,
): MergedSet | null {
  const [first, ...rest] = proof.read.facts;
  if (!first) return null;
  const facts: MergedSet["sources"] = [first, ...rest];
  if (asksPulls(asked) && !facts.some((one) => one.has_pulls === true)) throw withoutPulls();
  const summary = summarise(proof.read.values, facts);
  return {
    sources: facts,
    run: wholeOf(sources.wanted),
    missing: proof.missing,
    left_out: proof.problems.map((problem) => problem.what),
    summary,
    asked,
    verdict: judge(asked, sumCounts(facts), summary.pull),
    fits: fitsOf(sources, proof, facts),
    origin: {
      created_at_utc: moment.now_utc,
      nsfarm_version: moment.nsfarm_version,
      manifest: sources.run?.manifest ?? null,
      manifest_path: sources.run?.manifest_path ?? null,
    },
  };
}

/** The bounds are those of the run's spec, or what a merged document that was merged tells. */
function fitsOf({ run }: Sources, { read }: Proof, facts: MergedSet["sources"]): MergedSet["fits"] {
  const [first] = facts;
  const told = facts.find((one) => one.merged?.fits?.poi_bounds)?.merged?.fits?.poi_bounds ?? null;
  const bounds = run?.manifest.farm?.poi_bounds ?? told;
  return fitQuality(poiName(first), { poi_hat: read.values.poi_hat, poi_true: first.poi_true, bounds }, facts);
}

export function withoutPulls(): FarmError {
  return new FarmError(
    "usage",
    "Cannot judge a pull guardrail: these toys were fitted without their pulls",
    "Run them with --pulls, or leave --max-abs-poi-pull-mean and --poi-pull-std-range out",
  );
}

/** Outputs without a run may be of several: they count as one that has all their toys. */
export function wholeOf(wanted: readonly SeedRange[]): SeedRange {
  const ranges = joinRanges(wanted);
  return { seed: ranges[0]?.seed ?? 0, n_toys: ranges.reduce((sum, { n_toys }) => sum + n_toys, 0) };
}
