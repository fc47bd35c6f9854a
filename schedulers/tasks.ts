import { rangesText } from "../core/format.ts";
import type { Chunk } from "./adapter.ts";

/** Returns a submission's token as it appears in the jobs' names and comments; either identifies the submission. */
export const jobTag = (token: string): string => `nsfarm-${token}`;
export const jobComment = (token: string): string => `nsfarm:${token}`;

/** Returns the name of a submission's jobs in the queue: the run id first, since queues show few letters. */
export const jobName = (run_id: string, token: string): string => `${run_id}-${jobTag(token)}`;

/** Returns whether a job's name or comment contains this token. An empty token matches nothing. */
export function hasToken(text: string, token: string): boolean {
  return token !== "" && (text.includes(jobTag(token)) || text.includes(jobComment(token)));
}

/** Cuts a list into groups of at most `size`, in order. */
export function groupsOf<T>(items: readonly T[], size: number): T[][] {
  const groups: T[][] = [];
  for (let at = 0; at < items.length; at += size) groups.push(items.slice(at, at + size));
  return groups;
}

/** Returns a chunk whose tasks are numbered from 0 and run a group of shards each. */
export function groupedChunk(index: number, groups: readonly number[][]): Chunk {
  return { index, shards: groups.flat(), tasks: groups.flatMap((group, task) => group.map(() => task)) };
}

/** Returns the shards of each task by task number, in order. */
export const shardsByTask = ({ shards, tasks }: Chunk): Map<number, number[]> =>
  Map.groupBy(shards, (_, i) => tasks?.[i] ?? i);

/** Returns the task that runs a shard, with all its shards, which are next to each other; undefined: none does. */
export function taskOf({ shards, tasks }: Chunk, shard: number): { task: number; shards: number[] } | undefined {
  const at = shards.indexOf(shard);
  if (at < 0) return undefined;
  const task = tasks?.[at];
  if (tasks === undefined || task === undefined) return { task: at, shards: [shard] };
  return { task, shards: shards.slice(tasks.indexOf(task), tasks.lastIndexOf(task) + 1) };
}

/** Returns the shards of each task as a word of a job file: `0+1+2`. */
export const taskWords = (chunk: Chunk): string[] => [...shardsByTask(chunk).values()].map((group) => group.join("+"));

/** Returns the tasks that run any of these shards; all tasks for null. */
export function tasksFor(chunk: Chunk, shards: readonly number[] | null): number[] {
  const wanted = shards && new Set(shards);
  return [...shardsByTask(chunk)].flatMap(([task, mine]) =>
    wanted === null || mine.some((shard) => wanted.has(shard)) ? [task] : []
  );
}

/** Returns array indexes in the schedulers' format: `0-16,18,20-41`. */
export const formatIndexes = (indexes: readonly number[]): string => rangesText(indexes, ",");

/** Maximum number of indexes in one answer; more are an error of the scheduler. */
const MAX_INDEXES = 5_000_000;

/** Reads `3-9%3`, `[0,2-4]`, `0-100:2`; null for anything else, such as a list cut by Slurm (SLURM_BITSTR_LEN). */
export function readIndexes(text: string): number[] | null {
  const list = text.replace(/^\[(.*)\]$/, "$1").replace(/%\d+$/, "");
  const indexes: number[] = [];
  for (const part of list.split(",")) {
    const [, first, last = first, step = "1"] = /^(\d{1,9})(?:-(\d{1,9})(?::(\d{1,9}))?)?$/.exec(part) ?? [];
    if (first === undefined || Number(step) < 1 || Number(last) - Number(first) > MAX_INDEXES) return null;
    for (let index = Number(first); index <= Number(last); index += Number(step)) indexes.push(index);
    if (indexes.length > MAX_INDEXES) return null;
  }
  return indexes;
}
