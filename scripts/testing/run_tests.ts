/** Runs test files, each batch in a process of its own. */
import { spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { root } from "../tool_paths.ts";
import { inScratch } from "../tools/in_scratch.ts";
import { type FileResult, fileResult, sumOfResults } from "./file_result.ts";
import { kindOf } from "./find_tests.ts";
import { readJunit } from "./read_junit.ts";

/** Test files that share a process. */
export interface Batch {
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
export async function runTests(run: TestRun, batch: Batch): Promise<FileResult[]> {
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
