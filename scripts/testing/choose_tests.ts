import { relative, resolve } from "node:path";
import { root } from "../tool_paths.ts";
import { kindOf } from "./find_tests.ts";

/** Which tests to run. */
export interface Choice {
  files: string[];
  /** The files of tests/slow that are not run. */
  leftOut: string[];
  /** Only tests with this text in their names; undefined for all. */
  filter: string | undefined;
}

/**
 * Chooses among all test files. An argument is a file or a part of its path, else a part of the tests' names; without
 * one all files are chosen but the slow ones, and with `all` those too.
 */
export function chooseTests(files: string[], argument: string | undefined, all: boolean): Choice {
  const named = argument === undefined ? [] : files.filter((file) => isNamed(file, argument));
  if (named.length > 0) return { files: named, leftOut: [], filter: undefined };
  const isChosen = (file: string) => all || kindOf(file) !== "slow";
  return {
    files: files.filter(isChosen),
    leftOut: files.filter((file) => !isChosen(file)),
    filter: argument,
  };
}

function isNamed(file: string, argument: string): boolean {
  return file.includes(argument) || file === relative(root, resolve(argument));
}
