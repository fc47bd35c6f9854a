import { EXIT_CODES } from "../core/errors.ts";
import { namedShards } from "../core/format.ts";
import type { FarmManifest } from "../core/schema/manifest.ts";
import { quoteWord } from "../core/shell_quote.ts";
import { cancelRun, leftWords } from "../runtime/control/cancel.ts";
import { stopRemote } from "../runtime/control/work.ts";
import type { Run } from "../runtime/run/load_manifest.ts";
import { queryWorkers, stopWorkers } from "../runtime/scheduler/background.ts";
import { scanRun } from "../runtime/state/scan.ts";
import { hasAllFiles } from "../runtime/state/status.ts";
import { inspectMachine } from "../runtime/system/machine.ts";
import { byHandWords } from "../runtime/scheduler/by_hand.ts";
import { defineCommand, NO_FLAGS, type Output } from "./flags.ts";
import { adapterOf, runOf } from "./run_dir_flags.ts";

export default defineCommand({
  schedulers: true,
  flags: NO_FLAGS,
  run: async ({ args, out }) => {
    const run = runOf(args, out);
    const adapter = await adapterOf(run, out);
    const { cancelled, left, by_hand } = await cancelRun(run, adapter);
    const { alive, elsewhere, unknown } = await queryWorkers(run);
    // Pilots are jobs of the scheduler; the loops of a whole run end by themselves.
    const away = hasAllFiles(run) ? [] : elsewhere.filter(({ pilot }) => pilot !== true);
    const workers = alive.length > 0 ? (await stopWorkers(run, null)).stopped : [];
    const remote = await stopOrphans(run, out);
    const words = [
      ...cancelled.map((handle) => `cancelled ${adapter.name} job ${handle.job_id}`),
      ...left.map((job) => leftWords(adapter.name, job)),
      ...(by_hand === null ? [] : [`${byHandWords(adapter.name, by_hand)} goes on: cancel it by its id`]),
      ...workers.map((worker) => `stopped worker ${worker.process.pid}`),
      ...away.map(({ process: { host } }) => `a worker on ${host} may still run; cancel the run there too`),
      ...unknown.map(({ why }) => why),
      ...(remote.stopped.length > 0 ? [`stopped on their hosts: ${namedShards(remote.stopped)}`] : []),
      ...(remote.unclear.length > 0
        ? [`may still run on hosts that cannot be reached: ${namedShards(remote.unclear)}`]
        : []),
    ];
    out.print(words.join("\n") || "no job of this run is running or queued");
    out.document({
      cancelled: cancelled.map(({ job_id, token }) => ({ job_id, token })),
      left,
      by_hand,
      workers: workers.map((one) => one.process.pid),
      workers_out_of_reach: away.map(({ process: { host, pid } }) => ({ host, pid })),
      remote,
    });
    if (words.length > 0) {
      out.note(`Finished shards are kept; nsfarm-deno retry ${quoteWord(run.dir)} reruns the others`);
    }
    const n_left = left.length + remote.unclear.length + unknown.length + away.length;
    return n_left > 0 || by_hand !== null ? EXIT_CODES.unreachable : EXIT_CODES.done;
  },
});

/** Stops shards on hosts behind ssh whose driver is gone. */
async function stopOrphans(run: Run<FarmManifest>, out: Output): Promise<{ stopped: number[]; unclear: number[] }> {
  const scanned = await scanRun(run, await inspectMachine(), null);
  const orphans = scanned.filter(({ state, last }) => state === "unknown" && last?.remote)
    .map(({ plan }) => plan.shard_index);
  if (orphans.length === 0) return { stopped: [], unclear: [] };
  const unclear = await stopRemote(run, (event) => {
    if (event.kind === "executor") out.note(event.message);
  });
  return { stopped: orphans.filter((shard) => !unclear.includes(shard)), unclear };
}
