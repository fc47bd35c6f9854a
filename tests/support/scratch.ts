import assert from "node:assert/strict";
import { mkdir, mkdtemp, readdir, readFile, realpath, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { kill } from "node:process";

/** By this variable every process that a test starts, and whatever that starts, is known again. */
export const FOLDER_VARIABLE = "NSFARM_TEST_FOLDER";

/**
 * Runs a test in a folder of its own. Whatever it was about, at its end nothing may stay: no process, no temporary
 * file. Then the folder is removed, and what still runs is ended, also when the test has failed.
 */
export async function inFolder(work: (folder: string) => Promise<void>, name = "nsfarm e2e "): Promise<void> {
  const folder = await realpath(await mkdtemp(resolve(tmpdir(), name)));
  await mkdir(join(folder, "tmp"));
  try {
    await work(folder);
    const stayed = await whatStays(folder);
    assert.deepEqual(stayed, [], `nothing stays, but found ${stayed.join(", ")}`);
  } finally {
    await endProcesses(folder);
    await rm(folder, { recursive: true, force: true });
  }
}

/** A loop in the background ends, and takes its file away, only after others have seen that all is done. */
const ENDING_S = 20;

/** What is there for longer than a program that has nothing more to do; a fit that goes on stays in any case. */
async function whatStays(folder: string): Promise<string[]> {
  for (const end = performance.now() + ENDING_S * 1000;;) {
    const found = await leftovers(folder);
    if (found.length === 0 || found.some((one) => FIT.test(one)) || performance.now() > end) return found;
    await pause(50);
  }
}

const FIT = /^process \d+: .*(unbinned-fit-toys|job_wrapper\.sh|\bsleep )/;

/** What must be gone when all is done: living processes, temporary files, unchecked files, announced workers. */
export async function leftovers(folder: string): Promise<string[]> {
  const names = await readdir(folder, { recursive: true });
  const files = names.filter((name) => /\.tmp$|(^|\/)(incoming|claims|tmp)\/./.test(name));
  return [...files, ...(await processesOf(folder)).map(({ pid, command }) => `process ${pid}: ${command}`)];
}

export interface FoundProcess {
  pid: number;
  command: string;
}

/** Living processes that were started by the test of this folder: they have its name in their environment or argv. */
export async function processesOf(folder: string): Promise<FoundProcess[]> {
  const pids = (await readdir("/proc")).filter((name) => /^[0-9]+$/.test(name)).map(Number);
  const found = await Promise.all(pids.filter((pid) => pid !== Deno.pid).map((pid) => lookAt(pid, folder)));
  return found.filter((one) => one !== undefined);
}

async function lookAt(pid: number, folder: string): Promise<FoundProcess | undefined> {
  const read = (name: string) => readFile(`/proc/${pid}/${name}`, "utf8").catch(() => "");
  const [argv, environment, stat] = await Promise.all([read("cmdline"), read("environ"), read("stat")]);
  const isMine = argv.includes(folder) || environment.includes(`${FOLDER_VARIABLE}=${folder}\0`);
  const state = stat.slice(stat.lastIndexOf(")") + 2)[0] ?? "X";
  return isMine && !"ZX".includes(state) ? { pid, command: argv.replaceAll("\0", " ").trim() } : undefined;
}

/** SIGKILL to all processes of a test's folder, until none is left. */
export async function endProcesses(folder: string): Promise<void> {
  for (let round = 0; round < 100; round++) {
    const alive = await processesOf(folder);
    if (alive.length === 0) return;
    for (const { pid } of alive) killQuietly(pid);
    await pause(10);
  }
}

/** SIGKILL to one process; that it is gone already is no error. A negative number is a process group. */
export function killQuietly(pid: number): void {
  try {
    kill(pid, "SIGKILL");
  } catch {
    // it ended by itself in the meantime
  }
}

export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Far longer than anything takes on a machine that is busy with other tests too: only what never comes is waited for so long. */
const LONG_S = 120;

/**
 * Waits until something holds, and fails with its name when it does not within the time. A question that is answered by
 * programs is asked seldom: twice as long as it took nothing is done.
 */
export async function until(what: string, holds: () => Promise<boolean> | boolean, seconds = LONG_S): Promise<void> {
  for (const end = performance.now() + seconds * 1000; performance.now() < end;) {
    const begin = performance.now();
    if (await holds()) return;
    await pause(10 + 2 * (performance.now() - begin));
  }
  assert.fail(`after ${seconds} s still not: ${what}`);
}
