import { existsSync, readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { textTable } from "../../core/format.ts";
import { type Amount, kindOf, type TestSource } from "./files.ts";
import { type FileResult, mergeByFile } from "./results.ts";

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

/**
 * Returns the lines about tests that a run leaves out: the number of files of tests/e2e, each of tests/slow with its
 * reason, and the newest Deno.
 */
export function leftOutText(files: TestSource[], amount: Amount, isWhole: boolean): string {
  const e2e = files.filter(({ file }) => kindOf(file) === "e2e").length;
  const slow = files.filter(({ file }) => kindOf(file) === "slow");
  const lines = [
    ...(e2e > 0 ? [`left out the ${e2e} files of tests/e2e; run them by ./dev test`] : []),
    ...slow.map(({ file, slow }) => `left out ${file}: ${slow || "slow"}; run it by ./dev test --all`),
    ...(isWhole && amount !== "all"
      ? ["left out the unit tests on the newest Deno; run them by ./dev test --all"]
      : []),
  ];
  return lines.map((line) => `${line}\n`).join("");
}

/**
 * Starts to measure a test run. The returned function gives one line: how long the run took so far and, on Linux, how
 * busy the machine was with all its processes. A machine with idle time could run more processes at a time.
 */
export function measureRun(): () => string {
  const [begin, before] = [performance.now(), readProcessorTimes()];
  return () => {
    const seconds = Math.round((performance.now() - begin) / 1000);
    const cores = availableParallelism();
    const busy = before && busyPercent(before, readProcessorTimes() ?? before);
    const load = busy === undefined
      ? ""
      : `, busy ${busy} % of the time: ${Math.round(seconds * cores * busy / 100)} s of one processor`;
    return `dev: the run took ${seconds} s on ${cores} processors${load}`;
  };
}

/** Processor time since boot, in ticks. */
interface ProcessorTimes {
  idle: number;
  all: number;
}

function readProcessorTimes(): ProcessorTimes | undefined {
  return existsSync("/proc/stat") ? processorTimes(readFileSync("/proc/stat", "utf8")) : undefined;
}

/**
 * Returns the sum over all processors in a text of /proc/stat (proc_stat(5)): user nice system idle iowait irq softirq
 * steal.
 */
export function processorTimes(text: string): ProcessorTimes | undefined {
  const times = /^cpu +(.*)/.exec(text)?.[1]?.split(" ").slice(0, 8).map(Number);
  if (times === undefined) return undefined;
  const [, , , idle = 0, waiting = 0] = times;
  return { idle: idle + waiting, all: times.reduce((sum, one) => sum + one, 0) };
}

/** Returns the busy share of the processors between two moments; undefined where no time has passed. */
export function busyPercent(before: ProcessorTimes, after: ProcessorTimes): number | undefined {
  const all = after.all - before.all;
  return all > 0 ? Math.round(100 - 100 * (after.idle - before.idle) / all) : undefined;
}
