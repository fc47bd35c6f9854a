import { join, resolve } from "node:path";
import * as z from "zod/mini";
import { MANIFEST } from "../../core/run_paths.ts";
import { readDocument, Unreadable } from "../disk/read_file.ts";
import type { Run } from "./load_manifest.ts";

/**
 * How a run's directory came to lie where it does. `moved`: the folder that its manifest names is gone, so that its jobs
 * are still this run's. `copied`: the run lies there too, and the jobs and processes on record are that one's.
 */
export type Origin = { kind: "own" } | { kind: "moved" | "copied"; from: string };

export function originOf({ dir, manifest: { run_dir, farm } }: Run): Origin {
  if (!farm || run_dir === undefined) return { kind: "own" };
  const from = resolve(run_dir);
  if (from === dir || isSameFolder(from, dir)) return { kind: "own" };
  return { kind: liesIn(from, farm.run_token) ? "copied" : "moved", from };
}

/** Whether two paths lead to one folder, by links or by two mounts of one file system. */
function isSameFolder(a: string, b: string): boolean {
  try {
    const [one, other] = [Deno.statSync(a), Deno.statSync(b)];
    // Two mounts of one file system may have two device numbers; the folder has one number in both.
    return one.ino !== null && one.ino === other.ino && one.birthtime?.getTime() === other.birthtime?.getTime();
  } catch {
    return false;
  }
}

const Tokened = z.looseObject({ farm: z.looseObject({ run_token: z.string() }) });

/** Whether the run of this token lies in a folder. One that may not be read is taken for it: its jobs are left alone. */
function liesIn(dir: string, token: string): boolean {
  try {
    return readDocument(join(dir, MANIFEST), Tokened).farm.run_token === token;
  } catch (error) {
    return error instanceof Unreadable && error.fault !== null && !error.absent;
  }
}

/** Returns the mark of all attempts on record where they are those of another directory, of which this one is a copy. */
export function copyMark(run: Run): { copied_from?: string } {
  const origin = originOf(run);
  return origin.kind === "copied" ? { copied_from: origin.from } : {};
}

/** Whether the jobs and processes on record are those of another directory, of which this one is a copy. */
export const isCopy = (run: Run): boolean => originOf(run).kind === "copied";
