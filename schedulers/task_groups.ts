import type { Chunk } from "./adapter.ts";

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
