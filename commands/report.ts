import * as z from "zod/mini";
import { EXIT_CODES } from "../core/errors.ts";
import { plainPath } from "../core/parse_flag.ts";
import { writeReport } from "../host/report/write_report.ts";
import type { CommandSpec } from "./command.ts";

const Flags = z.object({ out: z.optional(z.string()), svg: z.optional(z.string()) });

const report: CommandSpec = {
  name: "report",
  needs: ["read", "write"],
  define: (command) => {
    command
      .option(
        "--out <path>",
        "where the page goes (default: report.html in the run, or beside the sweep)",
        plainPath("--out"),
      )
      .option("--svg <dir>", "write every figure as a file of its own into this folder", plainPath("--svg"));
  },
  run: async ({ args, options, out }) => {
    const { out: path = null, svg = null } = Flags.parse(options);
    const target = args[0] ?? "";
    const written = await writeReport(target, { out: path, svg }, new Date().toISOString());
    out.print([written.report, ...written.svg].join("\n"));
    out.document(written);
    return EXIT_CODES.done;
  },
};
export default report;
