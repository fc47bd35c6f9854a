import { type FileResult, mergeByFile } from "./file_result.ts";

/**
 * The end of a test run: a table with a line for each file, the tests that were left out, and the closing line.
 */
export function testReport(results: FileResult[]): string {
  const rows = mergeByFile(results).filter((row) => row.passed + row.failed + row.skipped.length > 0);
  return [...table(rows), "", ...skippedLines(rows), closingLine(rows)].join("\n");
}

function table(rows: FileResult[]): string[] {
  const width = Math.max(4, ...rows.map((row) => row.file.length));
  const head = `${"file".padEnd(width)}  passed  failed  skipped  seconds`;
  return [head, ...rows.map((row) => line(row, width))];
}

function line(row: FileResult, width: number): string {
  const cells = [
    row.file.padEnd(width),
    `${row.passed}`.padStart(6),
    `${row.failed}`.padStart(6),
    `${row.skipped.length}`.padStart(7),
    row.seconds.toFixed(1).padStart(7),
  ];
  return cells.join("  ") + (row.failed > 0 ? "  FAILED" : "");
}

function skippedLines(rows: FileResult[]): string[] {
  const names = rows.flatMap((row) => row.skipped.map((name) => `skipped  ${row.file}: ${name}`));
  return names.length > 0 ? [...names, ""] : [];
}

function closingLine(rows: FileResult[]): string {
  const total = (count: (row: FileResult) => number) => rows.reduce((sum, row) => sum + count(row), 0);
  const [passed, failed] = [total((row) => row.passed), total((row) => row.failed)];
  return `${passed} passed, ${failed} failed, ${total((row) => row.skipped.length)} skipped`;
}
