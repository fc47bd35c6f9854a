import type { Amount } from "./choose_tests.ts";
import type { FileResult } from "./file_result.ts";

/**
 * Returns the exit code of a test run: 1 if anything failed, if no test passed, or if with `--all` a test was flaky.
 * @param others results other than tests of the product: checks, a pass on another Deno
 */
export function exitCode(others: FileResult[], tests: FileResult[], amount: Amount): number {
  const results = [...others, ...tests];
  const isAnyFailed = results.some(({ failed }) => failed.length > 0);
  const isFlaky = amount === "all" && results.some(({ flaky }) => flaky.length > 0);
  return isAnyFailed || isFlaky || !tests.some(({ passed }) => passed > 0) ? 1 : 0;
}
