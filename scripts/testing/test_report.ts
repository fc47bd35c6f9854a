import { type FileResult, mergeByFile } from "./file_result.ts";

/**
 * Returns the end of a test run: a table with a line for each file; what was left out, what was flaky and what failed, by
 * name; and the closing line.
 */
export function testReport(results: FileResult[]): string {
  const rows = mergeByFile(results);
  const names = (kind: NameList) =>
    rows.flatMap((row) => row[kind].map((name) => `${words[kind]}${row.file}: ${name}`));
  const lists = (Object.keys(words) as NameList[]).map(names).filter((lines) => lines.length > 0);
  return [...table(rows), "", ...lists.flatMap((lines) => [...lines, ""]), ...flakyCount(rows), closingLine(rows)]
    .join("\n");
}

type NameList = "skipped" | "leftOut" | "flaky" | "failed";
const words: Record<NameList, string> = {
  skipped: "skipped  ",
  leftOut: "left out  ",
  flaky: "flaky: ",
  failed: "failed: ",
};

function table(results: FileResult[]): string[] {
  const rows = results.filter((row) => row.passed + row.failed.length + row.skipped.length > 0);
  const width = Math.max(4, ...rows.map((row) => row.file.length));
  const head = `${"file".padEnd(width)}  passed  failed  skipped  seconds`;
  return [head, ...rows.map((row) => line(row, width))];
}

function line(row: FileResult, width: number): string {
  const cells = [
    row.file.padEnd(width),
    `${row.passed}`.padStart(6),
    `${row.failed.length}`.padStart(6),
    `${row.skipped.length}`.padStart(7),
    row.seconds.toFixed(1).padStart(7),
  ];
  const mark = row.failed.length > 0 ? "  FAILED" : row.flaky.length > 0 ? "  flaky" : "";
  return cells.join("  ") + mark;
}

function flakyCount(rows: FileResult[]): string[] {
  const count = rows.reduce((sum, row) => sum + row.flaky.length, 0);
  return count > 0 ? [`${count} flaky: failed, and passed when run once more alone`] : [];
}

function closingLine(rows: FileResult[]): string {
  const total = (count: (row: FileResult) => number) => rows.reduce((sum, row) => sum + count(row), 0);
  const [passed, failed] = [total((row) => row.passed), total((row) => row.failed.length)];
  return `${passed} passed, ${failed} failed, ${total((row) => row.skipped.length)} skipped`;
}
