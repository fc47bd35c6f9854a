import { EXIT_CODES } from "../../core/errors.ts";
import { limitText, type LimitWanted, summariseLimit } from "../../core/limit/summary.ts";
import type { Limit } from "../../core/schema/limit.ts";
import { readPoints } from "../../runtime/scan/limit_runs.ts";
import type { OpenScan } from "../../runtime/scan/scan_runs.ts";
import { writeLimitReport } from "../../runtime/output/report.ts";
import { type CommandSpec, defineFlags, type Output } from "../flags.ts";
import { LIMIT_JSON, readLimitJson, readWanted, WANTED_FLAGS } from "./limit_flags.ts";

const summarizeFlags = defineFlags({ ...LIMIT_JSON, ...WANTED_FLAGS });

const summarize: CommandSpec = {
  name: "limit summarize",
  needs: ["read", "write"],
  define: summarizeFlags.define,
  run: ({ options, out }) => {
    const flags = summarizeFlags.read(options);
    return Promise.resolve(reportLimit(readLimitJson(flags), readWanted(flags), out));
  },
};
export default summarize;

/** Prints the summary of a limit, writes its page, and returns the exit code. */
export function reportLimit(open: OpenScan<Limit>, wanted: LimitWanted, out: Output): number {
  const summary = summariseLimit(open.document, readPoints(open), wanted);
  const report = writeLimitReport(open.path, summary, new Date().toISOString());
  out.print(limitText(summary));
  out.note(`page: ${report}`);
  out.document({ ...summary, report });
  if (summary.points.some(({ cls }) => cls === null)) return EXIT_CODES.shards;
  return summary.limit === null || summary.is_accurate === false ? EXIT_CODES.guardrails : EXIT_CODES.done;
}
