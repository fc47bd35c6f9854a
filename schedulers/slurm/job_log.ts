import { LOGS } from "../../core/run_paths.ts";
import type { Handle, LogWord } from "../adapter.ts";
import { shardsByTask } from "../task_groups.ts";

/** A shard's job writes into logs/slurm_<array id>_<task>.log. */
export function slurmLogs({ job_id, chunk }: Handle, shard: number): string[] {
  return [...shardsByTask(chunk)].flatMap(([task, shards]) =>
    shards.includes(shard) ? [`${LOGS}/slurm_${job_id}_${task}.log`] : []
  );
}

/**
 * What slurmstepd writes into a job's log when it ends it; the last one counts. Sources: recorded in reliability.md 2a;
 * slurmstepd's mgr.c and jobacct_common; the cgroup's words as of 24.11.
 */
const WORDS: [RegExp, LogWord][] = [
  [/CANCELLED AT \S+ DUE TO TIME LIMIT/, {
    state: "timed_out",
    reason: "it ran into the job's time limit (--slurm-time)",
  }],
  [/CANCELLED AT \S+ DUE TO PREEMPTION/, {
    state: "preempted",
    reason: "it had to make room for a job of higher priority",
  }],
  [/CANCELLED AT \S+ DUE TO NODE (FAILURE|\S+ FAILURE)|DUE TO NODE FAILURE/, {
    state: "failed",
    reason: "its node went down",
  }],
  [/exceeded memory limit .*being killed|[Dd]etected \d+ oom[-_ ]kill event|Exceeded job memory limit|oom-kill event/, {
    state: "out_of_memory",
    reason: "it used more memory than the job asked for (--slurm-memory)",
  }],
  [/CANCELLED AT \S+ \*\*\*/, { state: "cancelled", reason: "cancelled with scancel, or by the site" }],
];

/** Memory goes first: a job that is killed for it is also written down as cancelled. */
export function readSlurmJobLog(text: string): LogWord | null {
  const memory = WORDS.find(([, word]) => word.state === "out_of_memory");
  if (memory?.[0].test(text)) return memory[1];
  return WORDS.find(([pattern]) => pattern.test(text))?.[1] ?? null;
}
