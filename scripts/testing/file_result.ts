/** The result of one test file, or of one step of the checks. */
export interface FileResult {
  file: string;
  passed: number;
  /** The names of the tests that failed, or other failures. */
  failed: string[];
  /** The names of the skipped tests. */
  skipped: string[];
  /** The names of the tests that failed, and passed when their file was run once more alone. */
  flaky: string[];
  /** Reductions compared with `--all` that tests have reported. */
  leftOut: string[];
  seconds: number;
}

/** Returns a result with no tests, except for the given fields. */
export function fileResult(file: string, given: Partial<FileResult> = {}): FileResult {
  return { file, passed: 0, failed: [], skipped: [], flaky: [], leftOut: [], seconds: 0, ...given };
}

/** Returns one result for each `file`, summed over all results of that file. */
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
