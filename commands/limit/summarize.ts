import { EXIT_CODES } from "../../core/errors.ts";
import { limitText, type LimitWanted, summariseLimit } from "../../core/limit/summary.ts";
import { limitPage, USUAL_CL } from "../../core/report/limit_page.ts";
import type { Limit } from "../../core/schema/limit.ts";
import { readPoints } from "../../runtime/scan/limit_runs.ts";
import { quoteCommand } from "../../core/shell_quote.ts";
import type { OpenStudy } from "../../runtime/sweep/study.ts";
import { writeScanReport } from "../../runtime/output/report.ts";
import { defineCommand, defineFlags, type Output } from "../flags.ts";
import { noteUnfinished } from "../scan/steps.ts";
import { LIMIT_JSON, readLimitJson, readWanted, WANTED_FLAGS } from "./limit_flags.ts";

export default defineCommand({
  flags: defineFlags({ ...LIMIT_JSON, ...WANTED_FLAGS }),
  needs: ["read", "write"],
  run: ({ flags, out }) => reportLimit(readLimitJson(flags), readWanted(flags), out),
});

/** Prints the summary of a limit, writes its page, and returns the exit code. */
export function reportLimit(open: OpenStudy<Limit>, wanted: LimitWanted, out: Output): number {
  const summary = summariseLimit(open.document, readPoints(open), wanted);
  const report = writeScanReport(open.path, limitPage(summary), new Date().toISOString(), levelWord(wanted));
  out.print(limitText(summary));
  out.note(`page: ${report}`);
  out.document({ ...summary, report });
  const unfinished = summary.points.find(({ cls }) => cls === null);
  if (unfinished) return noteUnfinished(open, unfinished, goOnWords(open.path, wanted), out);
  return summary.limit === null || summary.is_accurate === false ? EXIT_CODES.guardrails : EXIT_CODES.done;
}

/** Returns what tells the page of this level from that of the usual one, which it must not overwrite. */
const levelWord = ({ cl }: LimitWanted): string => cl === USUAL_CL ? "" : `.cl${cl}`;

export const goOnWords = (path: string, { cl, accuracy }: LimitWanted): string =>
  quoteCommand([
    ...["nsfarm-deno", "limit", "submit", "--limit-json", path],
    ...(cl === WANTED_FLAGS.cl.default ? [] : ["--cl", `${cl}`]),
    ...(accuracy === null ? [] : ["--accuracy", `${accuracy}`]),
  ]);
