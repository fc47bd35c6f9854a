import type { Chunk, RenderContext, SchedulerLimits } from "../adapter.ts";
import { countOption, type Options, textOption } from "../read_options.ts";
import { readSite } from "../site_options.ts";
import { groupedChunk, groupsOf, tasksFor } from "../task_groups.ts";

/** MaxArraySize where nobody could be asked: Slurm's own default (slurm.conf(5)). */
const USUAL_ARRAY_SIZE = 1001;

/**
 * Groups shards into arrays. The limit is on the index: none may reach MaxArraySize (slurm.conf(5), MaxArraySize), so
 * that shard 1001 is task 0 of the second array. Where a job runs one shard, the task's index is the shard's number
 * less a multiple of that limit: `squeue` then shows 47_17 for shard 17.
 */
export function slurmChunks(
  { shards, options, limits }: Pick<RenderContext, "shards" | "options" | "limits">,
): Chunk[] {
  const size = limits.max_array_size === null ? Infinity : limits.max_array_size ?? USUAL_ARRAY_SIZE;
  const most = Math.min(size, maxSubmitJobs(limits, options) ?? Infinity);
  const { shards_per_job } = readSite(options);
  const chunks = shards_per_job > 1
    ? groupsOf(groupsOf(shards, shards_per_job), most).map((groups, index) => groupedChunk(index, groups))
    : windowsOf(shards, size).flatMap((window) => groupsOf(window, most)).map((mine, index) => ({
      index,
      shards: mine,
      tasks: mine.map((shard) => shard % size),
    }));
  return withThrottle(chunks, countOption(options, "slurm-throttle"));
}

function windowsOf(shards: readonly number[], size: number): number[][] {
  const windows = new Map<number, number[]>();
  for (const shard of shards) {
    const window = Math.floor(shard / size);
    const mine = windows.get(window);
    if (mine) mine.push(shard);
    else windows.set(window, [shard]);
  }
  return [...windows.values()];
}

/** `--array=…%k` holds within one array: a throttle of the run is shared out over its arrays, at least 1 each. */
function withThrottle(chunks: Chunk[], throttle: number | undefined): Chunk[] {
  if (throttle === undefined) return chunks;
  const base = Math.floor(throttle / chunks.length);
  const longer = throttle % chunks.length;
  return chunks.map((chunk, i) => ({ ...chunk, throttle: Math.max(1, base + (i < longer ? 1 : 0)) }));
}

/** How far the tasks' indexes are from the shards' numbers, where a job runs one shard. */
export const offsetOf = (chunk: Chunk): number => (chunk.shards[0] ?? 0) - (chunk.tasks?.[0] ?? 0);

export const taskCount = (chunk: Chunk): number => tasksFor(chunk, null).length;

/**
 * The limit on jobs of this user that fits the options; the smallest, where several do. A limit of a QOS counts only
 * where that QOS is asked for: one job at a time in a debug QOS says nothing about the others.
 */
export function maxSubmitJobs(limits: SchedulerLimits, options: Options): number | undefined {
  const [account, partition, qos] = ["account", "partition", "qos"].map((name) => textOption(options, `slurm-${name}`));
  const fitting = (limits.submit_limits ?? []).filter((limit) =>
    fits(limit.account, account) && fits(limit.partition, partition) && (limit.qos === null || limit.qos === qos)
  );
  const numbers = [...fitting.map((limit) => limit.max_submit_jobs), limits.max_submit_jobs ?? Infinity];
  const least = Math.max(1, Math.min(...numbers));
  return Number.isFinite(least) ? least : undefined;
}

function fits(limited: string | null, asked: string | undefined): boolean {
  return limited === null || asked === undefined || asked.split(",").includes(limited);
}
