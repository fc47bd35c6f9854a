import { readFile } from "node:fs/promises";
import type { MergeReport } from "../../../core/schema/merge_report.ts";
import { type MergeOptions, mergeRun } from "../../../runtime/merge/merge.ts";
import { NO_GUARDRAILS } from "../../../core/merge/guardrails.ts";

/** Merges a run (or what `more` says) at a fixed instant. */
export function merge(run: string | null, more: Partial<MergeOptions> = {}): Promise<MergeReport> {
  const options = {
    run,
    inputs: [],
    out: null,
    allow_partial: false,
    accept_unrecorded: false,
    guardrails: NO_GUARDRAILS,
    ...more,
  };
  return mergeRun(options, "2026-11-24T19:01:13.312Z");
}

/** A merged document's bytes, as text. */
export async function mergedText(report: MergeReport): Promise<string> {
  if (report.merged === null) throw new Error(`nothing was merged: ${JSON.stringify(report.problems)}`);
  return await readFile(report.merged, "utf8");
}
