import { readdir, readFile } from "node:fs/promises";
import { join, relative, resolve } from "node:path";
import { root } from "../tools.ts";

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
  /** Length of its text, in characters: the only sign of how long it takes. */
  length: number;
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
    length: text.length,
  };
}

/** Amount of tests to run: a few while editing, the usual ones before a push, or all. */
export type Amount = "quick" | "usual" | "all";

/** The tests to run. */
export interface Choice {
  files: string[];
  /** The files that are not run. */
  leftOut: string[];
  /** Only tests with this text in their names; undefined for all. */
  filter: string | undefined;
}

const kinds: Record<Amount, string[]> = { quick: ["unit"], usual: ["unit", "e2e"], all: ["unit", "e2e", "slow"] };

/**
 * Returns a choice of all test files. An argument is a file or a part of its path, else a part of the tests' names;
 * without an argument all files of the amount's kinds are chosen.
 */
export function chooseTests(files: string[], argument: string | undefined, amount: Amount): Choice {
  const named = argument === undefined ? [] : files.filter((file) => isNamed(file, argument));
  if (named.length > 0) return { files: named, leftOut: [], filter: undefined };
  const isChosen = (file: string) => kinds[amount].includes(kindOf(file));
  return {
    files: files.filter(isChosen),
    leftOut: files.filter((file) => !isChosen(file)),
    filter: argument,
  };
}

function isNamed(file: string, argument: string): boolean {
  return file.includes(argument) || file === relative(root, resolve(argument));
}
