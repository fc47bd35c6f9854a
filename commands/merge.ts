import * as z from "zod/mini";
import { describeMerge } from "../core/describe_merge.ts";
import { FarmError } from "../core/errors.ts";
import { plainPath, realNumber, repeated } from "../core/parse_flag.ts";
import { VERSION } from "../core/version.ts";
import { mergeRun } from "../host/merge/merge_run.ts";
import type { CommandSpec } from "./command.ts";
import { stdRange } from "./request_flags.ts";
import { readFlags } from "./run_dir_flags.ts";

const Flags = z.object({
  manifest: z.optional(z.string()),
  input: z._default(z.array(z.string()), []),
  out: z.optional(z.string()),
  allowPartial: z._default(z.boolean(), false),
  acceptUnrecorded: z._default(z.boolean(), false),
  requireAllConverged: z._default(z.boolean(), false),
  maxAbsPoiPullMean: z.optional(z.number()),
  poiPullStdRange: z.optional(z.array(z.string())),
});

const merge: CommandSpec = {
  name: "merge",
  needs: ["read", "write"],
  define: (command) => {
    command
      .option("--manifest <path>", "the run's manifest.json, in place of RUN_DIR", plainPath("--manifest"))
      .option("--input <path>", "an output or merged document, in place of a run (repeatable)", (
        text: string,
        before: string[] | undefined,
      ) => repeated(plainPath("--input")(text), before))
      .option(
        "--out <path>",
        "where the merged document goes (default: merged.out.json of the run)",
        plainPath("--out"),
      )
      .option("--allow-partial", "merge what is good when something is missing, and say so inside")
      .option("--accept-unrecorded", "also take outputs without a record, or with that of another run")
      .option("--require-all-converged", "guardrail on the merged set: every toy converged")
      .option(
        "--max-abs-poi-pull-mean <x>",
        "guardrail: |mean pull| at most x",
        realNumber("--max-abs-poi-pull-mean", 0),
      )
      .option("--poi-pull-std-range <lo hi...>", "guardrail: std of the pulls within lo and hi");
  },
  run: async ({ args, options, out }) => {
    const flags = readFlags(Flags, options);
    const run = args[0] ?? flags.manifest ?? null;
    if (args[0] !== undefined && flags.manifest !== undefined) {
      throw new FarmError("usage", "Cannot use both RUN_DIR and --manifest: they name the same thing");
    }
    const guardrails = {
      require_all_converged: flags.requireAllConverged,
      max_abs_poi_pull_mean: flags.maxAbsPoiPullMean ?? null,
      poi_pull_std_range: flags.poiPullStdRange ? stdRange(flags.poiPullStdRange) : null,
    };
    const report = await mergeRun({
      run,
      inputs: flags.input,
      out: flags.out ?? null,
      allow_partial: flags.allowPartial,
      accept_unrecorded: flags.acceptUnrecorded,
      guardrails,
    }, { now_utc: new Date().toISOString(), nsfarm_version: VERSION });
    for (const note of report.notes) out.note(note);
    if (report.merged !== null) out.print(describeMerge(report));
    out.document(report);
    return report.exit_code;
  },
};
export default merge;
