import { relative, resolve } from "node:path";
import { root } from "../tool_paths.ts";
import { kindOf } from "./find_tests.ts";

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
