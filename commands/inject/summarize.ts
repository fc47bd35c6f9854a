import { EXIT_CODES } from "../../core/errors.ts";
import { rulesOf } from "../../core/inject/judge.ts";
import { injectText, summariseInject } from "../../core/inject/summary.ts";
import { injectPage } from "../../core/report/inject_page.ts";
import type { Inject, InjectPoint, InjectThresholds } from "../../core/schema/inject.ts";
import { quoteWord } from "../../core/shell_quote.ts";
import { writeScanReport } from "../../runtime/output/report.ts";
import { readInjectPoints } from "../../runtime/scan/inject_runs.ts";
import { failedGuardrails, pointRun } from "../../runtime/scan/scan_runs.ts";
import type { OpenStudy } from "../../runtime/sweep/study.ts";
import { defineCommand, defineFlags, type Output } from "../flags.ts";
import type { Backend } from "../../schedulers/adapter.ts";
import { drivePoints, noteUnfinished, whileWatched } from "../scan/steps.ts";
import { INJECT_JSON, readInjectJson, readThresholds, THRESHOLD_FLAGS } from "./inject_flags.ts";

export default defineCommand({
  flags: defineFlags({ ...INJECT_JSON, ...THRESHOLD_FLAGS }),
  needs: ["read", "write"],
  run: ({ flags, out }) => reportInject(readInjectJson(flags), readThresholds(flags), out),
});

const goOnWords = (path: string): string => `nsfarm-deno inject submit --inject-json ${quoteWord(path)}`;

/**
 * Runs all points of an injection study. Goes on where it was interrupted: what is done is read from the runs.
 * @returns the exit code of the signal that interrupted it; null: it came to its end, also where points have no result
 */
export const driveInject = (open: OpenStudy<Inject>, adapter: Backend, out: Output): Promise<number | null> =>
  whileWatched(open.path, async (signals) => {
    const code = await drivePoints(open, adapter, signals, out, goOnWords(open.path));
    return signals.exitCode() === null ? null : code;
  });

/** Prints the summary of an injection study, writes its page, and returns the exit code. */
export async function reportInject(
  open: OpenStudy<Inject>,
  thresholds: InjectThresholds,
  out: Output,
): Promise<number> {
  const { DISTRIBUTIONS } = await import("../../runtime/system/distributions.ts");
  const rules = rulesOf(thresholds, open.document.points.length, DISTRIBUTIONS);
  const { points, poi } = readInjectPoints(open, rules);
  const summary = summariseInject(open.document, points, poi, rules);
  const report = writeScanReport(open.path, injectPage(summary), new Date().toISOString());
  const failed = failedGuardrails(open);
  out.print([injectText(summary), ...failed].join("\n"));
  for (const words of moreToysWords(open, points)) out.note(words);
  out.note(`page: ${report}`);
  out.document({ ...summary, report });
  const unfinished = points.find(({ verdict }) => verdict === "unfinished");
  if (unfinished) return noteUnfinished(open, unfinished, goOnWords(open.path), out);
  return summary.verdict === "flagged" || failed.length > 0 ? EXIT_CODES.guardrails : EXIT_CODES.done;
}

/** Returns the commands that add the toys that undecided points need. */
function moreToysWords(open: OpenStudy<Inject>, points: readonly InjectPoint[]): string[] {
  const commands = points.flatMap((point) =>
    point.verdict !== "undecided" || point.more_toys === null
      ? []
      : [`  nsfarm-deno extend ${quoteWord(pointRun(open, point))} --n-toys +${point.more_toys} --wait`]
  );
  return commands.length === 0
    ? []
    : ["Add toys, then summarize again. To look again and again raises the rate of false alarms:", ...commands];
}
