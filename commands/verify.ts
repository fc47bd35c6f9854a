import { EXIT_CODES } from "../core/errors.ts";
import { plainPath } from "../core/parse_flag.ts";
import { type ArchiveReport, verifyArchive } from "../host/archive/verify_archive.ts";
import { verifyRun } from "../host/merge/verify_run.ts";
import type { CommandSpec, Output } from "./command.ts";

const verify: CommandSpec = {
  name: "verify",
  needs: ["read"],
  define: () => {},
  run: ({ args, out }) => {
    const path = plainPath("RUN_DIR")(args[0] ?? "");
    if (path.endsWith(".tar")) return Promise.resolve(tellArchive(verifyArchive(path), out));
    const report = verifyRun(path);
    for (const { file, what } of report.findings) out.print(`${file} ${what}`);
    const { n_good, n_shards, merged, findings } = report;
    out.print(
      `${n_good}/${n_shards} shards good, merged.out.json ${merged}: ${
        findings.length === 0 ? "verified" : `${findings.length} findings`
      }`,
    );
    out.document(report);
    return Promise.resolve(findings.length === 0 ? EXIT_CODES.done : EXIT_CODES.shards);
  },
};
export default verify;

function tellArchive(report: ArchiveReport, out: Output): number {
  const { n_files, findings } = report;
  for (const { file, what } of findings) out.print(`${file} ${what}`);
  out.print(`${n_files} files: ${findings.length === 0 ? "verified by their sums" : `${findings.length} findings`}`);
  out.document(report);
  return findings.length === 0 ? EXIT_CODES.done : EXIT_CODES.shards;
}
