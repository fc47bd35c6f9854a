import { quoteWord } from "../core/shell_quote.ts";
import { describeCollected } from "../core/collect_counts.ts";
import type { FarmManifest } from "../core/contracts/manifest.ts";
import { describeMerge } from "../core/describe_merge.ts";
import type { StatusShard } from "../core/describe_status.ts";
import { EXIT_CODES } from "../core/errors.ts";
import { collectRun } from "../host/state/collect_run.ts";
import type { Run } from "../host/run/load_manifest.ts";
import { mergeAsRendered } from "../host/merge/merge_run.ts";
import { tellCollected } from "./collect.ts";
import type { Output } from "./command.ts";

/**
 * Collects and merges a run whose shards have ended, and prints the result: the exit code tells how it went.
 * @param looked where they stand by a look that asked their scheduler too
 */
export async function finishRun(
  run: Run<FarmManifest>,
  out: Output,
  allow_partial: boolean,
  looked: readonly StatusShard[] = [],
): Promise<number> {
  const now_utc = new Date().toISOString();
  const collected = collectRun(run.manifest_path, null, now_utc, looked);
  tellCollected(collected, out);
  const report = await mergeAsRendered(run.manifest_path, allow_partial, now_utc);
  for (const note of report.notes) out.note(note);
  if (report.merged === null) {
    out.note(`${describeCollected(collected.counts)}; nsfarm-deno retry ${quoteWord(run.dir)} runs the others again`);
  } else out.print(describeMerge(report));
  out.document({ run_dir: run.dir, collected, merge: report });
  if (report.exit_code !== EXIT_CODES.done || allow_partial) return report.exit_code;
  return collected.not_ok.length > 0 ? EXIT_CODES.shards : EXIT_CODES.done;
}
