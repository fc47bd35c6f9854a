import * as z from "zod/mini";

/** What changes a run, each as a command does it; `point`: what changes the document of a sweep. */
export const WRITERS = ["extend", "cut", "raise", "mode", "collect", "point"] as const;

/** What a writer is told to do. */
export const WriterJob = z.object({
  dir: z.string(),
  /** 0 or 1. */
  worker: z.number(),
  what: z.enum(WRITERS),
  /** Whether the file system has locks; without them a lease keeps others from between the last look and the rename. */
  locks: z.boolean(),
});
export type WriterJob = z.infer<typeof WriterJob>;

/** When a writer says that it acts: what is on record under it is that writer's. */
export const instant = (worker: number): string => `2026-11-24T20:00:0${worker}.000Z`;

export const toysOf = (worker: number): number => 3 + worker;
