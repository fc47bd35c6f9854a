import { rangesText } from "../core/format.ts";
import type { Chunk } from "./adapter.ts";

/** A submission's token in the name of its jobs, and in their comment: either is enough to know it again. */
export const jobTag = (token: string): string => `nsfarm-${token}`;
export const jobComment = (token: string): string => `nsfarm:${token}`;

/** The name of a submission's jobs, as a person reads it in the queue: the run first, for a queue shows few letters. */
export const jobName = (run_id: string, token: string): string => `${run_id}-${jobTag(token)}`;

/** Whether a job's name or comment bears this token. An empty token fits nothing. */
export function hasToken(text: string, token: string): boolean {
  return token !== "" && (text.includes(jobTag(token)) || text.includes(jobComment(token)));
}

/** Cuts a list into groups of at most `size`, in order. */
export function groupsOf<T>(items: readonly T[], size: number): T[][] {
  const groups: T[][] = [];
  for (let at = 0; at < items.length; at += size) groups.push(items.slice(at, at + size));
  return groups;
}

/** A chunk whose tasks are numbered from 0 and run a group of shards each. */
export function groupedChunk(index: number, groups: readonly number[][]): Chunk {
  return { index, shards: groups.flat(), tasks: groups.flatMap((group, task) => group.map(() => task)) };
}

/** Task number to the shards that it runs, in order. */
export function shardsByTask(chunk: Chunk): Map<number, number[]> {
  const found = new Map<number, number[]>();
  chunk.shards.forEach((shard, i) => {
    const task = chunk.tasks?.[i] ?? i;
    const shards = found.get(task);
    if (shards) shards.push(shard);
    else found.set(task, [shard]);
  });
  return found;
}

/** The tasks that run any of these shards; all of them for null. */
export function tasksFor(chunk: Chunk, shards: readonly number[] | null): number[] {
  const wanted = shards && new Set(shards);
  return [...shardsByTask(chunk)].flatMap(([task, mine]) =>
    wanted === null || mine.some((shard) => wanted.has(shard)) ? [task] : []
  );
}

/** A list of array indexes as schedulers write it: `0-16,18,20-41`. */
export const formatIndexes = (indexes: readonly number[]): string => rangesText(indexes, ",");

/** More indexes than this in one answer are a fault of it. */
const MOST = 5_000_000;

/**
 * Reads `3-9%3`, `[0,2-4]`, `0-100:2`; null for anything else, above all for a list that Slurm cut short with `...`
 * (squeue(1), SLURM_BITSTR_LEN: 64 characters by default).
 */
export function readIndexes(text: string): number[] | null {
  const list = text.replace(/^\[(.*)\]$/, "$1").replace(/%\d+$/, "");
  const indexes: number[] = [];
  for (const part of list.split(",")) {
    const [, first, last = first, step = "1"] = /^(\d{1,9})(?:-(\d{1,9})(?::(\d{1,9}))?)?$/.exec(part) ?? [];
    if (first === undefined || Number(step) < 1 || Number(last) - Number(first) > MOST) return null;
    for (let index = Number(first); index <= Number(last); index += Number(step)) indexes.push(index);
    if (indexes.length > MOST) return null;
  }
  return indexes;
}
