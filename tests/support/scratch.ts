import assert from "node:assert/strict";
import { mkdir, mkdtemp, readdir, readFile, realpath, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { kill } from "node:process";

/** Variable that identifies every process that a test starts, directly or not. */
export const FOLDER_VARIABLE = "NSFARM_TEST_FOLDER";

/**
 * Runs a test in a folder of its own. At its end no process and no temporary file may remain. Then the folder is
 * removed and remaining processes are killed, also after a failure.
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

/** Seconds that a background loop needs to end and remove its file after all shards are done. */
const ENDING_S = 20;

/** Returns what remains for longer than an ending program needs; a running fit always remains. */
async function whatStays(folder: string): Promise<string[]> {
  for (const end = performance.now() + ENDING_S * 1000;;) {
    const found = await leftovers(folder);
    if (found.length === 0 || found.some((one) => FIT.test(one)) || performance.now() > end) return found;
    await pause(50);
  }
}

const FIT = /^process \d+: .*(unbinned-fit-toys|job_wrapper\.sh|\bsleep )/;

/** Returns what must be gone at the end: live processes, temporary files, unchecked files, announced workers. */
export async function leftovers(folder: string): Promise<string[]> {
  const names = await readdir(folder, { recursive: true });
  const files = names.filter((name) => /\.tmp$|(^|\/)(incoming|claims|tmp)\/./.test(name));
  return [...files, ...(await processesOf(folder)).map(({ pid, command }) => `process ${pid}: ${command}`)];
}

interface FoundProcess {
  pid: number;
  command: string;
}

/** Returns live processes of the test of this folder: its name is in their environment or argv. */
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

/** Kills all processes of a test's folder until none is left. */
export async function endProcesses(folder: string): Promise<void> {
  for (let round = 0; round < 100; round++) {
    const alive = await processesOf(folder);
    if (alive.length === 0) return;
    for (const { pid } of alive) killQuietly(pid);
    await pause(10);
  }
}

/** Kills one process, or with a negative number a process group; a process that is gone is no error. */
export function killQuietly(pid: number): void {
  try {
    kill(pid, "SIGKILL");
  } catch {
    // it ended by itself in the meantime
  }
}

export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Much longer than anything needs on a busy machine: only a failing test waits for so long. */
const LONG_S = 120;

/**
 * Waits until a condition holds, and fails with its name after the time. Between checks it waits twice as long as a
 * check takes.
 */
export async function until(what: string, holds: () => Promise<boolean> | boolean, seconds = LONG_S): Promise<void> {
  for (const end = performance.now() + seconds * 1000; performance.now() < end;) {
    const begin = performance.now();
    if (await holds()) return;
    await pause(10 + 2 * (performance.now() - begin));
  }
  assert.fail(`after ${seconds} s still not: ${what}`);
}
