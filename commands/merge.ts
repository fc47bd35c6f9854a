import { describeMerge } from "../core/collected.ts";
import { plainPath } from "../core/flags.ts";
import { mergeRun } from "../runtime/merge/merge.ts";
import { defineCommand, defineFlags, GUARDRAIL_FLAGS, readGuardrails } from "./flags.ts";
import { runNamed } from "./run_dir_flags.ts";

const mergeFlags = defineFlags({
  manifest: { type: "path", help: "the run's manifest.json, instead of RUN_DIR" },
  input: {
    type: "strings",
    placeholder: "path",
    help: "an output or merged document, instead of a run (repeatable)",
    read: plainPath("--input"),
  },
  out: { type: "path", help: "path of the merged document (default: merged.out.json of the run)" },
  "allow-partial": { type: "boolean", help: "merge the valid shards if some are missing; marked as partial" },
  "accept-unrecorded": { type: "boolean", help: "also merge outputs without a record, or of another run" },
  ...GUARDRAIL_FLAGS,
});

export default defineCommand({
  needs: ["read", "write"],
  flags: mergeFlags,
  run: async ({ args, flags, out }) => {
    const report = await mergeRun({
      run: runNamed(args, flags.manifest) ?? null,
      inputs: flags.input,
      out: flags.out ?? null,
      allow_partial: flags.allowPartial,
      accept_unrecorded: flags.acceptUnrecorded,
      guardrails: readGuardrails(flags),
    }, new Date().toISOString());
    for (const note of report.notes) out.note(note);
    if (report.merged !== null) out.print(describeMerge(report));
    out.document(report);
    return report.exit_code;
  },
});
