import { describeCollected, describeTimes } from "../core/collected.ts";
import { EXIT_CODES, FarmError } from "../core/errors.ts";
import { isFarmRun, openRun, type Run } from "../runtime/run/load_manifest.ts";
import { ownSubmissions } from "../runtime/run/submissions.ts";
import { adapterOfRun, BUILT_IN_NAMES } from "../runtime/scheduler/adapters.ts";
import { handlesOf, queryScheduler, renderContext } from "../runtime/scheduler/query.ts";
import { collectOpened, type CollectReport } from "../runtime/state/collect.ts";
import { startShardReader } from "../runtime/state/done_shards.ts";
import { defineCommand, defineFlags, type Output } from "./flags.ts";
import { runNamed } from "./run_dir_flags.ts";

const collectFlags = defineFlags({
  manifest: { type: "path", help: "the run's manifest.json, instead of RUN_DIR" },
  "in-place": { type: "boolean", help: "write into the manifest itself (the default without --out)" },
  out: { type: "path", help: "write the manifest with its results to this file instead" },
});

export default defineCommand({
  flags: collectFlags,
  run: async ({ args, flags, out }) => {
    const run = runNamed(args, flags.manifest);
    if (run === undefined) throw new FarmError("usage", "Cannot collect without a run: give RUN_DIR or --manifest");
    if (flags.inPlace && flags.out !== undefined) throw new FarmError("usage", "Cannot use both --in-place and --out");
    const report = await collectFetched(run, flags.out ?? null, out);
    reportCollected(report, out);
    out.print([report.manifest, describeCollected(report.counts), describeTimes(report.times)].join("\n"));
    out.document(report);
    return report.not_ok.length > 0 ? EXIT_CODES.shards : EXIT_CODES.done;
  },
});

/** Collects a run after its results were fetched; a second thread loads its modules while the manifest is parsed here. */
async function collectFetched(path: string, to: string | null, out: Output): Promise<CollectReport> {
  const reader = startShardReader(path, "proven");
  try {
    const run = openRun(path);
    await fetchResults(run, out);
    return await collectOpened(run, to, new Date().toISOString(), reader);
  } finally {
    reader?.close();
  }
}

/** Fetches the results that the scheduler of a run keeps; of any other run no scheduler is queried. */
async function fetchResults(run: Run, out: Output): Promise<void> {
  if (!isFarmRun(run) || !BUILT_IN_NAMES.includes(run.manifest.scheduler)) return;
  const adapter = await adapterOfRun(run);
  if (adapter.kind === "worker" || !adapter.fetch) return;
  if (adapter.fetch(renderContext(run, []), handlesOf(ownSubmissions(run))).length === 0) return;
  const { message, states } = await queryScheduler(run, adapter, 0);
  const left = message ?? states.find(({ to_fetch, state }) => to_fetch && state === "running")?.reason;
  if (left) out.warn(`results were not fetched from ${adapter.name}: ${left}`);
}

/** Number of shards that are listed at most; --json has them all. */
const MAX_NAMED = 20;

/** Writes the shards that are not ok to stderr. */
export function reportCollected({ not_ok }: CollectReport, out: Output): void {
  for (const one of not_ok.slice(0, MAX_NAMED)) {
    out.note(`shard ${one.shard_index}: ${one.state}${one.error ? `: ${one.error}` : ""}`);
  }
  if (not_ok.length > MAX_NAMED) out.note(`… and ${not_ok.length - MAX_NAMED} more`);
}
