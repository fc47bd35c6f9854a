import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { root } from "../tool_paths.ts";

/** Returns all test files, as sorted paths from the root of the checkout. */
export async function findTests(): Promise<string[]> {
  const entries = await readdir(join(root, "tests"), { recursive: true });
  return entries.filter((path) => path.endsWith("_test.ts")).map((path) => `tests/${path}`).sort();
}

/** Returns the group of a test file: "tests/core" and the like, or "tests" for those in no folder. */
export function folderOf(file: string): string {
  return /^tests\/\w+(?![\w.])/.exec(file)?.[0] ?? "tests";
}

/** Returns the kind of a test file: unit, e2e (runs whole commands) or slow (takes minutes). */
export function kindOf(file: string): "unit" | "e2e" | "slow" {
  const folder = folderOf(file);
  if (folder === "tests/e2e") return "e2e";
  return folder === "tests/slow" ? "slow" : "unit";
}

/** Declarations of a test file about itself. */
export interface TestSource {
  file: string;
  /** Why only `--all` runs it: the rest of its line "// slow: ..."; empty where it has none. */
  slow: string;
  /** Whether it starts a cluster, and then mostly waits for its daemons. */
  isCluster: boolean;
}

/** Reads the declarations of test files. */
export async function readSources(files: string[]): Promise<TestSource[]> {
  return await Promise.all(files.map(async (file) => readTestSource(file, await readFile(join(root, file), "utf8"))));
}

/** Returns the declarations in the text of a test file. */
export function readTestSource(file: string, text: string): TestSource {
  return {
    file,
    slow: /^\/\/ slow: (.*)/.exec(text)?.[1] ?? "",
    isCluster: /\b(?:(?:slurm|condor|ssh)File\(|bringUp\w*\(|chaosTests\("(?!local")|userActions\(ON_(?!LOCAL))/.test(
      text,
    ),
  };
}
