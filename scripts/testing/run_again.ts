/** Distinguishes flaky tests from failed ones. */
import { type FileResult, sumOfResults } from "./file_result.ts";
import { kindOf } from "./find_tests.ts";
import { runTests, type TestRun } from "./run_tests.ts";

/** Number of failed files above which flakiness is no explanation. */
const most = 5;

/**
 * Runs each failed file of tests/e2e and tests/slow once more, alone. Tests that pass then are flaky, not failed.
 * @param runOne runs one file
 */
export async function runFailedAgain(
  results: FileResult[],
  runOne: (file: string) => Promise<FileResult[]>,
): Promise<FileResult[]> {
  const first = Map.groupBy(results, ({ file }) => file);
  const failed = [...first].filter(([file, rows]) => isFailed(rows) && kindOf(file) !== "unit");
  if (failed.length > most) {
    console.log(`\ndev: ${failed.length} files have failed; they are not run again, which is done for up to ${most}`);
    return results;
  }
  for (const [file, rows] of failed) {
    console.log(`\ndev: ${file} has failed, and is run once more alone`);
    first.set(file, [judged(sumOfResults(file, rows), sumOfResults(file, await runOne(file)))]);
  }
  return [...first.values()].flat();
}

/** Returns the function that runs one file for runFailedAgain(). */
export const runAlone = (run: TestRun) => (file: string): Promise<FileResult[]> =>
  runTests(run, { label: file, files: [file] });

const isFailed = (rows: FileResult[]) => rows.some(({ failed }) => failed.length > 0);

function judged(first: FileResult, second: FileResult): FileResult {
  const flaky = first.failed.filter((name) => !second.failed.includes(name));
  return { ...second, flaky, seconds: first.seconds + second.seconds };
}
