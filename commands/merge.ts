import { describeMerge } from "../core/collected.ts";
import { FarmError } from "../core/errors.ts";
import { type FlagValues, plainPath } from "../core/flags.ts";
import type { MergeReport } from "../core/schema/merge_report.ts";
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
  lowest: { type: "boolean", help: "merge runs of the same toys: keep each toy's lowest fit" },
  "accept-unrecorded": { type: "boolean", help: "also merge outputs without a record, or of another run" },
  ...GUARDRAIL_FLAGS,
});

/** Merges runs of the same toys. @throws {FarmError} usage */
async function lowestOf(args: string[], flags: FlagValues<typeof mergeFlags.table>): Promise<MergeReport> {
  const foreign = [
    ...(flags.manifest === undefined ? [] : ["--manifest"]),
    ...(flags.input.length > 0 ? ["--input"] : []),
    ...(flags.allowPartial ? ["--allow-partial"] : []),
    ...(flags.acceptUnrecorded ? ["--accept-unrecorded"] : []),
  ];
  if (foreign[0] !== undefined) {
    throw new FarmError(
      "usage",
      `Cannot use ${foreign[0]} with --lowest: wanted run directories with whole merged sets`,
    );
  }
  const { mergeLowest } = await import("../runtime/merge/merge_lowest.ts");
  return await mergeLowest({ runs: args, out: flags.out ?? null, guardrails: readGuardrails(flags) }, nowUtc());
}

const nowUtc = () => new Date().toISOString();

/** Returns the one run that is merged; undefined: none is named. @throws {FarmError} usage */
function oneRun(args: string[], manifest: string | undefined): string | undefined {
  if (args.length < 2) return runNamed(args, manifest);
  throw new FarmError(
    "usage",
    `Cannot merge ${args.length} runs into one: they are different sets of toys`,
    "Merge one at a time; --lowest combines runs of the same toys, and --input merged documents of different toys",
  );
}

export default defineCommand({
  needs: ["read", "write"],
  flags: mergeFlags,
  run: async ({ args, flags, out }) => {
    const report = flags.lowest ? await lowestOf(args, flags) : await mergeRun({
      run: oneRun(args, flags.manifest) ?? null,
      inputs: flags.input,
      out: flags.out ?? null,
      allow_partial: flags.allowPartial,
      accept_unrecorded: flags.acceptUnrecorded,
      guardrails: readGuardrails(flags),
    }, nowUtc());
    for (const note of report.notes) out.note(note);
    if (report.merged !== null) out.print(describeMerge(report));
    out.document(report);
    return report.exit_code;
  },
});
