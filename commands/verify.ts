import { EXIT_CODES } from "../core/errors.ts";
import { plural } from "../core/format.ts";
import { isSetFault } from "../core/merge/merged_check.ts";
import { verifyRun } from "../runtime/merge/verify.ts";
import { type ArchiveReport, verifyArchive } from "../runtime/output/verify_archive.ts";
import { defineCommand, NO_FLAGS, type Output } from "./flags.ts";

export default defineCommand({
  needs: ["read"],
  flags: NO_FLAGS,
  run: ({ args, out }) => {
    const path = args[0] ?? "";
    if (path.endsWith(".tar")) return Promise.resolve(reportArchive(verifyArchive(path), out));
    const report = verifyRun(path);
    for (const { file, what } of report.findings) out.print(`${file} ${what}`);
    const { n_good, n_shards, merged, merged_check, findings } = report;
    const printed = merged_check.findings.filter((finding) => !isSetFault(finding));
    for (const { what } of printed) out.print(what);
    const files = findings.length === 0 ? "verified" : `${plural(findings.length, "problem")} found`;
    const failed = printed.some(({ kind }) => kind === "guardrail") ? ", and a guardrail failed" : "";
    out.print(`${n_good}/${n_shards} shards valid, merged.out.json ${merged}; ${files}${failed}`);
    out.document(report);
    if (findings.length > 0) return Promise.resolve(EXIT_CODES.shards);
    return Promise.resolve(failed === "" ? EXIT_CODES.done : EXIT_CODES.guardrails);
  },
});

function reportArchive(report: ArchiveReport, out: Output): number {
  const { n_files, findings } = report;
  for (const { file, what } of findings) out.print(`${file} ${what}`);
  const files = findings.length === 0 ? "verified by their sums" : `${plural(findings.length, "problem")} found`;
  const failed = report.guardrails_passed === false ? "; a guardrail failed when it was merged" : "";
  out.print(`${n_files} files: ${files}${failed}`);
  out.document(report);
  if (findings.length > 0) return EXIT_CODES.shards;
  return failed === "" ? EXIT_CODES.done : EXIT_CODES.guardrails;
}
