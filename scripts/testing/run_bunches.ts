import type { FileResult } from "./file_result.ts";
import { folderOf, kindOf } from "./find_tests.ts";
import { type Bunch, runTests, type TestRun } from "./run_tests.ts";

/**
 * Runs test files: the unit tests of one folder share a process, each file of the others has its own. Two processes
 * run at a time, but those of tests/slow alone, since they start whole clusters.
 */
export async function runBunches(run: TestRun, files: string[]): Promise<FileResult[]> {
  const of = (kind: string) => files.filter((file) => kindOf(file) === kind);
  const units = await runAtMost(2, run, byFolder(of("unit")));
  const e2e = await runAtMost(2, run, oneByOne(of("e2e")));
  const slow = await runAtMost(1, run, oneByOne(of("slow")));
  return [...units, ...e2e, ...slow];
}

/** The unit tests among some files, a bunch for each folder. */
export function byFolder(files: string[]): Bunch[] {
  return [...Map.groupBy(files, folderOf)].map(([label, files]) => ({ label, files }));
}

function oneByOne(files: string[]): Bunch[] {
  return files.map((file) => ({ label: file, files: [file] }));
}

/** Runs bunches, at most `limit` at a time. */
export async function runAtMost(limit: number, run: TestRun, bunches: Bunch[]): Promise<FileResult[]> {
  const waiting = [...bunches];
  const results: FileResult[] = [];
  const worker = async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      results.push(...await runTests(run, next));
    }
  };
  await Promise.all(Array.from({ length: limit }, worker));
  return results;
}
