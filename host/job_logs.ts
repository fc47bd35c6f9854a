import { join } from "node:path";
import type { FarmManifest } from "../core/contracts/manifest.ts";
import type { SchedulerAdapter } from "../schedulers/adapter.ts";
import { handlesOf } from "./ask_scheduler.ts";
import type { Run } from "./load_manifest.ts";
import { readTail } from "./read_tail.ts";
import type { ScannedShard } from "./scan_run.ts";
import { readSubmissions } from "./submissions.ts";

/** Files into which the jobs of a shard write, relative to the run directory; newest last. */
export function jobLogNames(dir: string, adapter: SchedulerAdapter, shard: number): string[] {
  const handles = handlesOf(readSubmissions(dir)).filter((handle) => handle.chunk.shards.includes(shard));
  return handles.flatMap((handle) => adapter.jobLogs?.(handle, shard) ?? []);
}

/**
 * Lost shards whose job's log tells what became of them: a job that is out of its scheduler's memory may still have
 * been told there that its time was up.
 */
export function explainLost(run: Run<FarmManifest>, adapter: SchedulerAdapter, shards: ScannedShard[]): ScannedShard[] {
  if (!adapter.readJobLog) return shards;
  return shards.map((shard) => {
    if (shard.state !== "lost") return shard;
    const log = jobLogNames(run.dir, adapter, shard.plan.shard_index).at(-1);
    const word = log === undefined ? null : adapter.readJobLog?.(readTail(join(run.dir, log)));
    return word ? { ...shard, state: word.state, why: word.reason } : shard;
  });
}
