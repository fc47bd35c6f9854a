/** Runs test files, each batch in a process of its own. */
import { spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { DevError, inScratch, pinnedDeno, root, runTool } from "../tools.ts";
import { folderOf, kindOf, type TestSource } from "./files.ts";
import { type FileResult, fileResult, readJunit, sumOfResults } from "./results.ts";

/** Test files that share a process. */
interface Batch {
  label: string;
  files: string[];
}

/** Settings that all batches share. */
export interface TestRun {
  /** The Deno to run them with. */
  deno: string;
  /** Further arguments of `deno test`. */
  args: string[];
  /** Variables added to the environment. */
  env: Record<string, string>;
}

/** Time limits in minutes; a file of tests/slow may hold hundreds of schedules of faults. */
const minutesAllowed = { unit: 20, e2e: 20, slow: 180 };

/** Runs one batch, prints its output in one piece, and returns the result of each file. */
async function runTests(run: TestRun, batch: Batch): Promise<FileResult[]> {
  return await inScratch(async (folder) => {
    console.log(`dev: ${batch.label} started`);
    const begin = performance.now();
    const code = await runProcess(run, batch, folder);
    const seconds = (performance.now() - begin) / 1000;
    console.log(`\n== ${batch.label} (${seconds.toFixed(1)} s) ==`);
    const log = await readFile(join(folder, "log"), "utf8");
    console.log(forHere(log));
    const results = ownResults(batch, readJunit(await readFile(join(folder, "junit.xml"), "utf8").catch(() => "")));
    return [...results, ...unaccounted(batch, results, code), fileResult(batch.label, { leftOut: linesLeftOut(log) })];
  });
}

// Deno assigns a test to the source that called Deno.test, which may be a helper of several test files.
function ownResults({ files: [only = "", ...others] }: Batch, results: FileResult[]): FileResult[] {
  if (others.length > 0 || results.length === 0) return results;
  return [sumOfResults(only, results)];
}

/** Returns the lines of a log about left out tests (tests/support/amount.ts), each once. */
export function linesLeftOut(log: string): string[] {
  return [...new Set([...log.matchAll(/^left out: (.+)$/gm)].map(([, text = ""]) => text))];
}

// Deno colours its output in a file too, and only a terminal should see colours.
function forHere(log: string): string {
  const text = log.trimEnd();
  return Deno.stdout.isTerminal() ? text : stripVTControlCharacters(text);
}

async function runProcess(run: TestRun, batch: Batch, folder: string): Promise<number> {
  const junit = `--junit-path=${join(folder, "junit.xml")}`;
  const log = openSync(join(folder, "log"), "w");
  try {
    const args = ["test", "-A", "--no-check", junit, ...run.args, ...batch.files];
    return await exitCode(run, args, log, minutesAllowed[kindOf(batch.files[0] ?? "")]);
  } finally {
    closeSync(log);
  }
}

// stdout and stderr go to one file, so that a test's output stays beside its own lines.
function exitCode(run: TestRun, args: string[], log: number, minutes: number): Promise<number> {
  const env = { ...Deno.env.toObject(), ...run.env };
  const child = spawn(run.deno, args, { cwd: root, env, stdio: ["ignore", log, log] });
  const timer = setTimeout(() => child.kill("SIGKILL"), minutes * 60_000);
  return new Promise((done, failed) => {
    child.on("error", failed);
    child.on("close", (code) => {
      clearTimeout(timer);
      done(code ?? 1);
    });
  });
}

/** Returns failures that the JUnit file lacks: a file that did not load or has no test, a process that was killed. */
function unaccounted(batch: Batch, results: FileResult[], code: number): FileResult[] {
  const silent = batch.files.filter((file) => !results.some((result) => result.file === file));
  const problems = silent.map((file) => problem(file, `${file}: none of its tests ran`));
  const isExplained = code === 0 || silent.length > 0 || results.some((result) => result.failed.length > 0);
  if (!isExplained) problems.push(problem(batch.label, `${batch.label}: ended with exit code ${code}`));
  return problems;
}

function problem(file: string, text: string): FileResult {
  console.log(`dev: ${text}`);
  return fileResult(file, { failed: [text] });
}

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

/**
 * Returns the batches of unit and e2e tests, in the order in which they start: long files first, so that none of them
 * runs alone at the end.
 */
export function queuesOf(sources: TestSource[]): Queues {
  const longestFirst = sources.toSorted((a, b) => b.length - a.length);
  const of = (kind: string, isCluster: boolean) =>
    longestFirst.filter((one) => kindOf(one.file) === kind && one.isCluster === isCluster).map(({ file }) => file);
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

/** Runs the unit tests on the newest Deno, one result for each folder; reports where it cannot be fetched. */
export async function runOnNewestDeno(run: TestRun, files: string[]): Promise<FileResult[]> {
  const newest = await findNewest();
  if (newest === undefined) return [];
  // A newer Deno may write the lock file in a form that the pinned one cannot read.
  const newRun = { ...run, deno: newest.path, args: [...run.args, "--no-lock"] };
  const computing = byFolder(files.filter((file) => kindOf(file) === "unit"));
  const results = await runQueues({ computing, waiting: [] }, (batch) => runTests(newRun, batch));
  return results.map((result) => ({ ...result, file: `${folderOf(result.file)} on Deno ${newest.version}` }));
}

async function findNewest(): Promise<{ path: string; version: string } | undefined> {
  const options = { doing: "find the newest Deno", next: "see that npm works" };
  try {
    const version = (await runTool("npm", ["view", "deno", "version"], { ...options, timeoutSeconds: 60 })).trim();
    if (version === pinnedDeno) return undefined;
    return { version, path: (await runTool(join(root, "dev"), ["deno-path", version], options)).trim() };
  } catch (error) {
    if (!(error instanceof DevError)) throw error;
    console.log(`dev: left out the unit tests on the newest Deno: ${error.message}`);
    return undefined;
  }
}
