import { writeReport } from "../runtime/output/report.ts";
import { defineCommand, defineFlags } from "./flags.ts";

const reportFlags = defineFlags({
  out: { type: "path", help: "path of the page (default: in the run, or beside the sweep)" },
  svg: { type: "path", placeholder: "dir", help: "also write each figure as an SVG file into this folder" },
});

export default defineCommand({
  needs: ["read", "write"],
  flags: reportFlags,
  run: async ({ args, flags: { out: path = null, svg = null }, out }) => {
    const target = args[0] ?? "";
    const written = await writeReport(target, { out: path, svg }, new Date().toISOString());
    out.print([written.report, ...written.svg].join("\n"));
    out.document(written);
  },
});
