/** `./dev test`: everything that must hold before a change is good. */

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { type Choice, chooseTests } from "./testing/choose_tests.ts";
import type { FileResult } from "./testing/file_result.ts";
import { findTests, folderOf } from "./testing/find_tests.ts";
import { runOnNewestDeno } from "./testing/newest_deno.ts";
import { runBunches } from "./testing/run_bunches.ts";
import { runChecks } from "./testing/run_checks.ts";
import type { TestRun } from "./testing/run_tests.ts";
import { testEnvironment } from "./testing/test_environment.ts";
import { testReport } from "./testing/test_report.ts";
import { root } from "./tool_paths.ts";
import { DevError, runMain } from "./tools/dev_error.ts";

async function main(): Promise<number> {
  const { argument, all } = readArgs(Deno.args);
  const choice = chooseTests(await findTests(), argument, all);
  const run = await prepare(choice);
  const checks = argument === undefined ? await runChecks() : [];
  const tests = await runBunches(run, choice.files);
  const again = argument === undefined ? await runOnNewestDeno(run, choice.files) : [];
  console.log(`\n${await leftOutText(choice)}${testReport([...checks, ...tests, ...again])}`);
  return exitCode([...checks, ...again], tests);
}

function readArgs(args: string[]): { argument: string | undefined; all: boolean } {
  try {
    const { values, positionals } = parseArgs({ args, allowPositionals: true, options: { all: { type: "boolean" } } });
    if (positionals.length > 1) throw new Error(`more than one argument (${positionals.join(" ")})`);
    return { argument: positionals[0], all: values.all ?? false };
  } catch (error) {
    throw new DevError(`Cannot test: ${error instanceof Error ? error.message : error}; see ./dev help`);
  }
}

// While the program does not build, the tests of the pure parts can still be run by name.
async function prepare(choice: Choice): Promise<TestRun> {
  const isPure = choice.files.every((file) => folderOf(file) === "tests/core");
  const args = choice.filter === undefined ? [] : [`--filter=${choice.filter}`];
  return { deno: Deno.execPath(), args, env: isPure ? {} : await testEnvironment() };
}

/** Names the files of tests/slow that were not run, each with the reason from its first line ("// slow: ..."). */
async function leftOutText(choice: Choice): Promise<string> {
  const lines = await Promise.all(choice.leftOut.map(async (file) => {
    const reason = /^\/\/ slow: (.*)/.exec(await readFile(join(root, file), "utf8"))?.[1] ?? "slow";
    return `left out ${file}: ${reason}; run it by ./dev test --all\n`;
  }));
  return lines.length > 0 ? `${lines.join("")}\n` : "";
}

function exitCode(others: FileResult[], tests: FileResult[]): number {
  const isAnyFailed = [...others, ...tests].some((result) => result.failed > 0);
  return isAnyFailed || !tests.some((result) => result.passed > 0) ? 1 : 0;
}

await runMain(main);
