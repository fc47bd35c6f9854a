import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { root } from "../tool_paths.ts";
import type { BenchLine } from "./line.ts";
import { line } from "./merge_lines.ts";

/** Most files that a reader of one adapter opens. */
const MOST_FILES = { htcondor: 6, slurm: 5 };

/** Counts the files of the two large adapters: the one with its name, and those of its folder. */
export async function adapterLines(): Promise<BenchLine[]> {
  const count = async ([name, most]: [string, number]) => {
    const files = await readdir(join(root, "schedulers", name));
    return line(`adapter of ${name}`, files.length + 1, most, "files", `schedulers/${name}.ts and schedulers/${name}/`);
  };
  return await Promise.all(Object.entries(MOST_FILES).map(count));
}
