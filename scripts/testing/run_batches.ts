import type { FileResult } from "./file_result.ts";
import { folderOf, kindOf, type TestSource } from "./find_tests.ts";
import { type Batch, runTests, type TestRun } from "./run_tests.ts";

/** Batches that wait to run. */
interface Queues {
  /** Those that need a core as long as they run. */
  computing: Batch[];
  /** Those that mostly wait for the daemons of a cluster. */
  waiting: Batch[];
}

/**
 * Which queue each process takes from first. A file with a cluster needs about a third of a core, so three of them
 * leave one core to a process that computes. A process with an empty queue helps the others.
 */
const processes: (keyof Queues)[] = ["computing", "waiting", "waiting", "waiting"];

/**
 * Largest number of files of one folder in one process: more files are split over several, so that no process is the
 * last for long.
 */
const mostTogether = 20;

/**
 * Runs test files: the unit tests of one folder share one or two processes, each other file has its own. Those of
 * tests/slow run alone.
 */
export async function runBatches(run: TestRun, sources: TestSource[]): Promise<FileResult[]> {
  const slow = sources.filter(({ file }) => kindOf(file) === "slow").map(({ file }) => file);
  const results = await runQueues(queuesOf(sources), (batch) => runTests(run, batch));
  for (const batch of oneByOne(slow)) results.push(...await runTests(run, batch));
  return results;
}

/** Returns the batches of unit and e2e tests, in the order in which they start. */
export function queuesOf(sources: TestSource[]): Queues {
  const of = (kind: string, isCluster: boolean) =>
    sources.filter((one) => kindOf(one.file) === kind && one.isCluster === isCluster).map(({ file }) => file);
  return {
    computing: [...byFolder([...of("unit", false), ...of("unit", true)].sort()), ...oneByOne(of("e2e", false))],
    waiting: oneByOne(of("e2e", true)),
  };
}

/** Returns the unit tests among some files as batches, one or more for each folder. */
export function byFolder(files: string[]): Batch[] {
  return [...Map.groupBy(files, folderOf)].flatMap(([folder, files]) => {
    const count = Math.ceil(files.length / mostTogether);
    const label = (i: number) => count === 1 ? folder : `${folder} (${i + 1} of ${count})`;
    return Array.from(
      { length: count },
      (_, i) => ({ label: label(i), files: files.filter((_, k) => k % count === i) }),
    );
  });
}

function oneByOne(files: string[]): Batch[] {
  return files.map((file) => ({ label: file, files: [file] }));
}

/** Runs all batches, each in the first free process. */
export async function runQueues(
  queues: Queues,
  runOne: (batch: Batch) => Promise<FileResult[]>,
): Promise<FileResult[]> {
  const left = { computing: [...queues.computing], waiting: [...queues.waiting] };
  const results: FileResult[] = [];
  const worker = async (own: keyof Queues) => {
    const other = own === "computing" ? "waiting" : "computing";
    const take = () => left[own].shift() ?? left[other].shift();
    for (let next = take(); next !== undefined; next = take()) results.push(...await runOne(next));
  };
  await Promise.all(processes.map(worker));
  return results;
}
