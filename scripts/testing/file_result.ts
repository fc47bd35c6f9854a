/** What came of one test file (or of one step of the checks). */
export interface FileResult {
  file: string;
  passed: number;
  failed: number;
  /** The names of the tests that were left out. */
  skipped: string[];
  seconds: number;
}

/** One result out of all that have the same `file`. */
export function mergeByFile(results: FileResult[]): FileResult[] {
  const merged = new Map<string, FileResult>();
  for (const result of results) {
    const before = merged.get(result.file);
    merged.set(result.file, before === undefined ? result : added(before, result));
  }
  return [...merged.values()];
}

function added(a: FileResult, b: FileResult): FileResult {
  return {
    file: a.file,
    passed: a.passed + b.passed,
    failed: a.failed + b.failed,
    skipped: [...a.skipped, ...b.skipped],
    seconds: a.seconds + b.seconds,
  };
}
