import { EXIT_CODES } from "../errors.ts";
import { fitWarnings } from "../fit_quality.ts";
import { rangesText } from "../format.ts";
import type { MergeReport, Problem } from "../schema/merge_report.ts";
import type { RunTimes } from "../schema/run_times.ts";
import type { MissingToys, SeedRange } from "../toy_ranges.ts";
import { startsNotes } from "../starts/words.ts";
import { failureText } from "./guardrails.ts";
import { type MergedSet, nextstatSums, sumCounts } from "./merged_document.ts";
import type { UsableSummary } from "./summary.ts";
import { genSpread } from "./prove.ts";

/** Maximum number of lines of a list. */
const MAX_LINES = 20;

/** Returns problems as lines of text; shards with the same problem share a line. */
export function problemLines(problems: readonly Problem[]): string[] {
  const groups = Map.groupBy(problems, (problem) => `${problem.shard_index === null} ${withoutIndex(problem)}`);
  const lines = [...groups.values()].map(groupLine);
  if (lines.length <= MAX_LINES) return lines;
  return [...lines.slice(0, MAX_LINES), `and ${lines.length - MAX_LINES} more (--json has them all)`];
}

// "shard_3.out.json is not there" differs between shards only in the number.
function withoutIndex({ shard_index, what }: Problem): string {
  return shard_index === null ? what : what.replaceAll(`shard_${shard_index}.`, "shard_<i>.");
}

function groupLine(group: Problem[]): string {
  const [first] = group;
  if (!first) return "";
  if (first.shard_index === null) return first.what;
  const shards = group.flatMap((problem) => problem.shard_index ?? []);
  return group.length === 1
    ? `shard ${first.shard_index}: ${first.what}`
    : `shards ${rangesText(shards)}: ${withoutIndex(first)}`;
}

export interface MergeOutcome {
  /** Null if the set was refused. */
  set: MergedSet | null;
  merged: string | null;
  merged_sha256: string | null;
  run_id: string | null;
  n_shards: number;
  /** All toys of the run, or of the set to which the inputs belong. */
  run: SeedRange;
  problems: Problem[];
  missing: readonly MissingToys[];
  /** null: the toys are of several runs. */
  times: RunTimes | null;
}

export function mergeReport(outcome: MergeOutcome): MergeReport {
  const { set, run_id, merged, merged_sha256, n_shards, run, problems, times } = outcome;
  const counts = sumCounts(set?.sources ?? []);
  const poi = set?.summary.poi_hat;
  return {
    merged,
    merged_sha256,
    merge_status: null,
    run_id,
    partial: set !== null && problems.length > 0,
    n_shards,
    n_shards_merged: set?.sources.length ?? 0,
    n_toys: run.n_toys,
    n_toys_merged: counts.n_toys,
    n_converged: counts.n_converged,
    n_nonconverged: counts.n_nonconverged,
    n_error: counts.n_error,
    mean: poi?.mean ?? null,
    std: poi?.std ?? null,
    q16: poi?.q16 ?? null,
    q50: poi?.q50 ?? null,
    q84: poi?.q84 ?? null,
    pull_mean: set?.summary.pull?.mean ?? null,
    pull_std: set?.summary.pull?.std ?? null,
    ...(set && hasPulls(set) ? { n_pulls: set.summary.pull?.n_ok ?? 0 } : {}),
    ...(set?.usable ? { usable_pulls: usableJson(set.usable) } : {}),
    gen_spread: set && spreadOf(set),
    nextstat_sha256s: set ? nextstatSums(set) : [],
    missing: outcome.missing.map(({ toy_start, seed, n_toys }) => ({ toy_start, n_toys, seed })),
    guardrails: set && { ...set.verdict, asked: set.requested },
    fits: set?.fits ?? null,
    problems,
    times,
    notes: [],
    exit_code: exitCode(outcome),
  };
}

/** Returns whether pulls were asked for, even if no toy has one. */
const hasPulls = ({ summary, sources }: MergedSet): boolean =>
  summary.pull !== null || sources.some(({ has_pulls }) => has_pulls === true);

const usableJson = ({ pull, n_on_bound, n_tiny }: UsableSummary): MergeReport["usable_pulls"] => ({
  ...{ n: pull?.n_ok ?? 0, mean: pull?.mean ?? null, std: pull?.std ?? null },
  ...{ n_on_bound, n_tiny },
});

function spreadOf({ sources }: MergedSet): MergeReport["gen_spread"] {
  const spread = genSpread(sources);
  return spread && { ...spread };
}

function exitCode({ set }: MergeOutcome): number {
  if (!set) return EXIT_CODES.shards;
  return set.verdict.passed ? EXIT_CODES.done : EXIT_CODES.guardrails;
}

/** Option that merges outputs although they are no proven set. */
export type WayOut = "partial" | "once";

const WAY_OUT: Record<WayOut, string> = {
  partial: "nsfarm-deno merge --allow-partial merges the valid shards and marks the file as partial",
  once: "leave out one of the outputs that hold the same toys",
};

/** Returns the lines that `merge` prints beside the result. @param way_out option for a refused set; null: none */
export function mergeNotes(report: MergeReport, way_out: WayOut | null): string[] {
  const notes: string[] = [];
  if (report.merged === null) {
    notes.push(`nothing merged: ${setFault(report)}`, ...problemLines(report.problems).map(indented));
    if (way_out !== null) notes.push(WAY_OUT[way_out]);
  } else if (report.partial) {
    const { n_toys_merged, n_toys } = report;
    notes.push(`partial merge, ${n_toys_merged} of ${n_toys} toys:`, ...problemLines(report.problems).map(indented));
  }
  if (report.gen_spread) {
    const most = report.gen_spread.params.reduce((a, b) => Math.max(a, b), report.gen_spread.poi_true);
    notes.push(`the shards' generation points differ by up to ${most.toExponential(1)} (merge.farm.gen_spread)`);
  }
  const programs = report.nextstat_sha256s ?? [];
  if (programs.length > 1) {
    const sums = programs.map((sum) => sum.slice(0, 12)).join(", ");
    notes.push(`${programs.length} nextstat files made these toys: sha256 ${sums} (merge.farm.nextstat_sha256s)`);
  }
  for (const failure of report.guardrails?.failures ?? []) notes.push(`guardrail failed: ${failureText(failure)}`);
  if (report.fits?.starts) notes.push(...startsNotes(report.fits.starts));
  if (report.fits) notes.push(...fitWarnings(report.fits).map((words) => `warning: ${words}`));
  return notes;
}

/** Returns what is wrong with the set as a whole: missing toys, or contradictions between its parts. */
const setFault = ({ missing }: MergeReport): string =>
  missing.length > 0 ? "the set is incomplete" : "the set is not consistent";

const indented = (line: string) => `  ${line}`;
