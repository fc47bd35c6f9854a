import { EXIT_CODES } from "../core/errors.ts";
import { writeReport } from "../runtime/output/report.ts";
import { type CommandSpec, defineFlags } from "./flags.ts";

const reportFlags = defineFlags({
  out: {
    type: "path",
    placeholder: "path",
    help: "path of the page (default: in the run, or beside the sweep)",
  },
  svg: { type: "path", placeholder: "dir", help: "also write each figure as an SVG file into this folder" },
});

const report: CommandSpec = {
  name: "report",
  needs: ["read", "write"],
  define: reportFlags.define,
  run: async ({ args, options, out }) => {
    const { out: path = null, svg = null } = reportFlags.read(options);
    const target = args[0] ?? "";
    const written = await writeReport(target, { out: path, svg }, new Date().toISOString());
    out.print([written.report, ...written.svg].join("\n"));
    out.document(written);
    return EXIT_CODES.done;
  },
};
export default report;
