import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { root } from "../tool_paths.ts";

/** All test files, as paths from the root of the checkout, sorted. */
export async function findTests(): Promise<string[]> {
  const entries = await readdir(join(root, "tests"), { recursive: true });
  return entries.filter((path) => path.endsWith("_test.ts")).map((path) => `tests/${path}`).sort();
}

/** Where a test file (or a group of them) belongs: "tests/core" and the like, or "tests" for those in no folder. */
export function folderOf(file: string): string {
  return /^tests\/\w+(?![\w.])/.exec(file)?.[0] ?? "tests";
}

/** Whether a test file is one of those that run whole commands, or that take minutes. */
export function kindOf(file: string): "unit" | "e2e" | "slow" {
  const folder = folderOf(file);
  if (folder === "tests/e2e") return "e2e";
  return folder === "tests/slow" ? "slow" : "unit";
}

/** What a test file says of itself. */
export interface TestSource {
  file: string;
  /** Why it is left to `--all`: the rest of its line "// slow: ..."; empty where it has none. */
  slow: string;
  /** Whether it brings a cluster up, and then mostly waits for its daemons. */
  isCluster: boolean;
}

/** Reads what test files say of themselves. */
export async function readSources(files: string[]): Promise<TestSource[]> {
  return await Promise.all(files.map(async (file) => readTestSource(file, await readFile(join(root, file), "utf8"))));
}

/** Returns what the text of a test file says of it. */
export function readTestSource(file: string, text: string): TestSource {
  return {
    file,
    slow: /^\/\/ slow: (.*)/.exec(text)?.[1] ?? "",
    isCluster: /\b(?:(?:slurm|condor|ssh)File\(|bringUp\w*\(|chaosTests\("(?!local")|userActions\(ON_(?!LOCAL))/.test(
      text,
    ),
  };
}
