import { LOGS } from "../../core/run_paths.ts";
import type { Handle } from "../adapter.ts";
import { shardsByTask } from "../task_groups.ts";

/** The event log of a shard's cluster, and what its job itself printed. */
export function htcondorLogs({ job_id, chunk }: Handle, shard: number): string[] {
  const group = [...shardsByTask(chunk).values()].find((shards) => shards.includes(shard));
  if (!group) return [];
  return [`${LOGS}/condor.${job_id}.log`, `${LOGS}/condor.${job_id}.shard_${group.join("+")}.out`];
}
