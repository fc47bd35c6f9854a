import type { Handle } from "../adapter.ts";
import { shardsByTask } from "../task_groups.ts";

/** Events that come again and again and tell nothing of a job's fate: image size (006), attributes (033), ads (028). */
const NOISE = new Set(["006", "028", "033"]);

/** Events that tell why a job does not go on: evicted (004), shadow failed (007), aborted (009), held (012), lost (022, 024). */
const TELLING = new Set(["004", "007", "009", "012", "022", "024"]);

/** Lines of usage and of a machine's resources. */
const USAGE =
  /^\s*(\d+ +- {2}|\(?Usr |Partitionable Resources|[A-Za-z]+ (\(\w+\) )? *:|(Cpus|Disk|GPUs|Memory|CondorScratchDir) = |$)/;

/** The events of a shard's job among those of its cluster, without their tables of usage. */
export function eventsOf(text: string, { job_id, chunk }: Handle, shard: number, telling = false): string {
  const task = [...shardsByTask(chunk)].find(([, shards]) => shards.includes(shard))?.[0];
  const mine = /^(\d{3}) \(0*(\d+)\.0*(\d+)\./;
  return text.split(/^\.\.\.\r?\n?/m).flatMap((block) => {
    const [, code = "", cluster, proc] = mine.exec(block) ?? [];
    if (cluster !== job_id || proc !== `${task}` || NOISE.has(code) || (telling && !TELLING.has(code))) return [];
    return block.split("\n").filter((line) => !USAGE.test(line));
  }).join("\n");
}
