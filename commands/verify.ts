import { EXIT_CODES } from "../core/errors.ts";
import { plainPath } from "../core/parse_flag.ts";
import { verifyRun } from "../host/verify_run.ts";
import type { CommandSpec } from "./command.ts";

const verify: CommandSpec = {
  name: "verify",
  needs: ["read"],
  define: () => {},
  run: ({ args, out }) => {
    const report = verifyRun(plainPath("RUN_DIR")(args[0] ?? ""));
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
