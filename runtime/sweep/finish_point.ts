import { describeCollected } from "../../core/collected.ts";
import type { StatusShard } from "../../core/describe_status.ts";
import { errorText, FarmError } from "../../core/errors.ts";
import { guardrailError } from "../../core/merge/merged_check.ts";
import type { PointRecord } from "../../core/schema/sweep.ts";
import { isRepeated } from "../../core/shard_states.ts";
import { mergedCheckOf } from "../merge/check_merged.ts";
import { mergeAsRendered } from "../merge/merge.ts";
import { openRun } from "../run/load_manifest.ts";
import { checkRun, type CollectReport, collectRun } from "../state/collect.ts";

/** The state of a point after its run, for its record. */
export type PointEnd = Pick<PointRecord, "state" | "error">;

/**
 * Collects a run of a sweep and merges it if requested.
 * @param run its directory or manifest
 * @param states states of its shards by a query that included their scheduler
 */
export async function finishPoint(run: string, merge: boolean, states: readonly StatusShard[]): Promise<PointEnd> {
  const collected = await collectPoint(run, states);
  const merged = merge ? await mergePoint(run) : collected;
  return collected.state === "done" ? merged : collected;
}

/** Collects a run of a sweep: a failed shard makes the point failed, another shard without a result leaves it open. */
export function collectPoint(run: string, states: readonly StatusShard[] = []): Promise<PointEnd> {
  return guarded(async () => endOf(run, await collectRun(run, null, new Date().toISOString(), states)));
}

function endOf(run: string, { counts, not_ok }: Pick<CollectReport, "counts" | "not_ok">): PointEnd {
  if (not_ok.length === 0) return { state: "done", error: guardrailError(mergedCheckOf(openRun(run))) };
  const failed = not_ok.filter((one) => isRepeated(one.state));
  const first = [...failed, ...not_ok].find((one) => one.error !== null);
  const why = first ? `; shard ${first.shard_index}: ${first.error}` : "";
  return { state: failed.length > 0 ? "failed" : "open", error: describeCollected(counts) + why };
}

/**
 * Merges a run of a sweep. An incomplete set makes the point failed, unless some of its shards are still to be run;
 * failed guardrails do not, since the times of the run are valid.
 */
export function mergePoint(run: string): Promise<PointEnd> {
  return guarded(async () => {
    const report = await mergeAsRendered(run, false, new Date().toISOString());
    if (report.merged !== null) return { state: "done", error: guardrailError(mergedCheckOf(openRun(run))) };
    const end = endOf(run, await checkRun(run));
    if (end.state === "open") return end;
    return { state: "failed", error: report.problems[0]?.what ?? "the set is not whole" };
  });
}

async function guarded(act: () => Promise<PointEnd>): Promise<PointEnd> {
  try {
    return await act();
  } catch (error) {
    if (error instanceof FarmError) return { state: "failed", error: errorText(error) };
    throw error;
  }
}
