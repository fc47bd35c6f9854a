import { textTable } from "../../core/format.ts";
import { type FileResult, mergeByFile } from "./file_result.ts";

/**
 * Returns the end of a test run: a table with a line for each file; the names of left out, flaky and failed tests; and
 * the closing line.
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
  const rows = results.filter((row) => row.passed + row.failed.length + row.skipped.length > 0).map(cells);
  return textTable([["file", "passed", "failed", "skipped", "seconds"], ...rows], { align: "lrrrr" });
}

function cells({ file, passed, failed, skipped, seconds, flaky }: FileResult): string[] {
  const mark = failed.length > 0 ? ["FAILED"] : flaky.length > 0 ? ["flaky"] : [];
  return [file, `${passed}`, `${failed.length}`, `${skipped.length}`, seconds.toFixed(1), ...mark];
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
