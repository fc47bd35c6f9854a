import { describeCounts } from "../../core/collect_counts.ts";
import type { PointRecord } from "../../core/contracts/sweep.ts";
import { errorText, FarmError } from "../../core/errors.ts";
import { VERSION } from "../../core/version.ts";
import { guardrailError } from "../../core/merge/merged_check.ts";
import { mergedCheckOf } from "../merge/check_merged.ts";
import { openRun } from "../run/run_home.ts";
import { collectRun } from "../state/collect_run.ts";
import { mergeRun } from "../merge/merge_run.ts";

const RUN_S_OWN = { require_all_converged: false, max_abs_poi_pull_mean: null, poi_pull_std_range: null };

/** What became of a point, for its record. */
export type PointEnd = Pick<PointRecord, "state" | "error">;

/**
 * Collects and, when asked, merges a run of a sweep.
 * @param run its directory or manifest
 */
export async function finishPoint(run: string, merge: boolean): Promise<PointEnd> {
  const collected = collectPoint(run);
  if (!merge) return collected;
  const merged = await mergePoint(run);
  return collected.state === "failed" ? collected : merged;
}

/** Shards without a valid result make a point failed. */
export function collectPoint(run: string): PointEnd {
  return guarded(() => {
    const { counts, not_ok } = collectRun(run, null, new Date().toISOString());
    if (not_ok.length === 0) return { state: "done", error: guardrailError(mergedCheckOf(openRun(run))) };
    const first = not_ok.find((one) => one.error !== null);
    const why = first ? `; shard ${first.shard_index}: ${first.error}` : "";
    return { state: "failed", error: describeCounts(counts) + why };
  });
}

/** A set that is not whole makes a point failed; guardrails that fail do not: the times of the run stand. */
export async function mergePoint(run: string): Promise<PointEnd> {
  try {
    const report = await mergeRun(
      { run, inputs: [], out: null, allow_partial: false, accept_unrecorded: false, guardrails: RUN_S_OWN },
      { now_utc: new Date().toISOString(), nsfarm_version: VERSION },
    );
    if (report.merged === null) return { state: "failed", error: report.problems[0]?.what ?? "the set is not whole" };
    return { state: "done", error: guardrailError(mergedCheckOf(openRun(run))) };
  } catch (error) {
    if (error instanceof FarmError) return { state: "failed", error: errorText(error) };
    throw error;
  }
}

function guarded(act: () => PointEnd): PointEnd {
  try {
    return act();
  } catch (error) {
    if (error instanceof FarmError) return { state: "failed", error: errorText(error) };
    throw error;
  }
}
