import { EXIT_CODES } from "../../core/errors.ts";
import { mergedExitCode } from "../../core/merge/merged_check.ts";
import type { SweepSummary } from "../../core/schema/sweep_summary.ts";
import { sweepFitWarnings } from "../../core/sweep/interpret.ts";
import type { PointFacts } from "../../core/sweep/point_summary.ts";
import { summariseSweep } from "../../core/sweep/summary.ts";
import { isSummary, isSummaryCsv, summaryCsv, summaryMarkdown } from "../../core/sweep/summary_text.ts";
import { beginsWith, type OutKind, refuseOut } from "../../runtime/fs/refuse_out.ts";
import { writeWhole } from "../../runtime/fs/write.ts";
import { type OpenSweep, readSweepFacts } from "../../runtime/sweep/load.ts";
import { defineCommand, defineFlags, type Output } from "../flags.ts";
import { readSweepJson, SWEEP_JSON } from "./sweep_flags.ts";

const summarizeFlags = defineFlags({
  ...SWEEP_JSON,
  "out-md": { type: "path", help: "write the Markdown page to this file (default: print it)" },
  slots: {
    type: "integer",
    min: 1,
    placeholder: "n",
    help: "number of slots of the pool, to bound makespans that are unknown",
  },
  "out-csv": { type: "path", help: "also write a CSV file with one line per run" },
});

export default defineCommand({
  needs: ["read", "write"],
  flags: summarizeFlags,
  run: ({ flags, out }) => {
    const { outMd = null, outCsv = null, slots = null } = flags;
    if (outMd !== null) refuseOut(outKind("--out-md", isSummary), outMd);
    if (outCsv !== null) refuseOut(outKind("--out-csv", isSummaryCsv), outCsv);
    return reportSummary(readSweepJson(flags), { md: outMd, csv: outCsv, slots }, out).code;
  },
});

const outKind = (flag: string, isHead: (head: string) => boolean): OutKind => ({
  flag,
  what: "summary",
  name: null,
  isOne: (path) => beginsWith(path, isHead),
});

/** Paths of a summary; null: the page is printed, no CSV is written. */
interface SummaryTo {
  md: string | null;
  csv: string | null;
  slots: number | null;
}

/** Writes or prints the summary of a sweep and returns it with the exit code; failed runs are rows of the summary. */
export function reportSummary(open: OpenSweep, to: SummaryTo, out: Output): { summary: SweepSummary; code: number } {
  const facts = readSweepFacts(open);
  const summary = summariseSweep(open.document, facts, to.slots);
  const page = summaryMarkdown(summary);
  if (to.md !== null) writeWhole(to.md, page);
  if (to.csv !== null) writeWhole(to.csv, summaryCsv(summary));
  out.print([to.md ?? page.trimEnd(), ...(to.csv === null ? [] : [to.csv])].join("\n"));
  for (const words of sweepFitWarnings(summary.points)) out.warn(words);
  out.document(summary);
  return { summary, code: summaryCode(summary, facts) };
}

function summaryCode({ points }: SweepSummary, facts: readonly PointFacts[]): number {
  if (points.some(({ state }) => state !== "done")) return EXIT_CODES.shards;
  const codes = facts.map((point) => point.facts ? mergedExitCode(point.facts.merged_check) : EXIT_CODES.shards);
  return [EXIT_CODES.shards, EXIT_CODES.guardrails].find((code) => codes.includes(code)) ?? EXIT_CODES.done;
}
