import type { Chunk, RenderContext } from "../adapter.ts";
import { readSite } from "../site_options.ts";
import { groupedChunk, groupsOf, shardsByTask } from "../task_groups.ts";

/** Jobs of one cluster; their words must fit into one argument of condor_submit (128 KiB, execve(2)). */
const MOST_JOBS = 10_000;

export function htcondorChunks({ shards, options, limits }: RenderContext): Chunk[] {
  const most = Math.max(1, Math.min(MOST_JOBS, limits.max_submit_jobs ?? Infinity));
  const groups = groupsOf(shards, readSite(options).shards_per_job);
  return groupsOf(groups, most).map((mine, index) => groupedChunk(index, mine));
}

/** `0+1` for each job: what its shards are to the submit file. */
export const jobWords = (chunk: Chunk): string[] => [...shardsByTask(chunk).values()].map((group) => group.join("+"));
