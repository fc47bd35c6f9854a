/** What came of one test file (or of one step of the checks). */
export interface FileResult {
  file: string;
  passed: number;
  /** The names of the tests that failed, or what failed besides them. */
  failed: string[];
  /** The names of the tests that were left out. */
  skipped: string[];
  /** The names of the tests that failed, and passed when their file was run once more alone. */
  flaky: string[];
  /** What tests say that they did less of than `--all` does. */
  leftOut: string[];
  seconds: number;
}

/** Returns a result in which nothing has happened, but for what is given. */
export function fileResult(file: string, given: Partial<FileResult> = {}): FileResult {
  return { file, passed: 0, failed: [], skipped: [], flaky: [], leftOut: [], seconds: 0, ...given };
}

/** Returns one result out of all that have the same `file`. */
export function mergeByFile(results: FileResult[]): FileResult[] {
  return [...Map.groupBy(results, ({ file }) => file)].map(([file, same]) => sumOfResults(file, same));
}

/** Returns the sum of some results, as that of one file. */
export function sumOfResults(file: string, results: FileResult[]): FileResult {
  return {
    file,
    passed: results.reduce((sum, one) => sum + one.passed, 0),
    failed: results.flatMap((one) => one.failed),
    skipped: results.flatMap((one) => one.skipped),
    flaky: results.flatMap((one) => one.flaky),
    leftOut: results.flatMap((one) => one.leftOut),
    seconds: results.reduce((sum, one) => sum + one.seconds, 0),
  };
}
