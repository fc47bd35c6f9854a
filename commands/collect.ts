import * as z from "zod/mini";
import { describeCounts } from "../core/collect_counts.ts";
import { describeTimes } from "../core/describe_merge.ts";
import { EXIT_CODES, FarmError } from "../core/errors.ts";
import { plainPath } from "../core/parse_flag.ts";
import { type CollectReport, collectRun } from "../host/state/collect_run.ts";
import type { CommandSpec, Output } from "./command.ts";
import { readFlags } from "./run_dir_flags.ts";

const Flags = z.object({
  manifest: z.optional(z.string()),
  inPlace: z._default(z.boolean(), false),
  out: z.optional(z.string()),
});

const collect: CommandSpec = {
  name: "collect",
  needs: ["read", "write"],
  define: (command) => {
    command
      .option("--manifest <path>", "the run's manifest.json, in place of RUN_DIR", plainPath("--manifest"))
      .option("--in-place", "write into the manifest itself (what is done without --out)")
      .option("--out <path>", "write the manifest with its results there instead", plainPath("--out"));
  },
  run: ({ args, options, out }) => {
    const flags = readFlags(Flags, options);
    const run = args[0] ?? flags.manifest;
    if (run === undefined) throw new FarmError("usage", "Cannot collect nothing: wanted RUN_DIR or --manifest");
    if (flags.inPlace && flags.out !== undefined) throw new FarmError("usage", "Cannot use both --in-place and --out");
    const report = collectRun(run, flags.out ?? null, new Date().toISOString());
    tellCollected(report, out);
    out.print([report.manifest, describeCounts(report.counts), describeTimes(report.times)].join("\n"));
    out.document(report);
    return Promise.resolve(report.not_ok.length > 0 ? EXIT_CODES.shards : EXIT_CODES.done);
  },
};
export default collect;

/** At most so many shards are named; --json has them all. */
const NAMED = 20;

/** Says which shards are not ok, on stderr. */
export function tellCollected({ not_ok }: CollectReport, out: Output): void {
  for (const one of not_ok.slice(0, NAMED)) {
    out.note(`shard ${one.shard_index}: ${one.state}${one.error ? `: ${one.error}` : ""}`);
  }
  if (not_ok.length > NAMED) out.note(`… and ${not_ok.length - NAMED} more`);
}
