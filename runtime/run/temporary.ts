import { dirname, join } from "node:path";
import { kill } from "node:process";
import { systemCode } from "../../core/errors.ts";
import { ASIDE, ATTEMPTS, CLAIMS, INCOMING, readTemporaryName } from "../../core/run_paths.ts";
import { namesInPassing } from "../fs/list.ts";
import { exists, explainWrite, removeQuietly, removeTree, UNKNOWN_BOOT, writeTemporary } from "../fs/write.ts";
import type { Machine } from "../system/machine.ts";
import { bootId, startTicks } from "../system/proc.ts";

/**
 * Removes temporary files of processes of this machine that are dead, and those of other machines, or of an earlier
 * start of this one, that are forgotten.
 */
export async function sweepTemporary(dir: string, machine: Machine): Promise<void> {
  const boot = machine.process.boot_id;
  const files = temporaryOfRun(dir);
  for (const path of await ownerless(files, boot)) removeQuietly(path);
  removeForgotten(dir, files.filter(({ owner }) => owner.boot !== boot.slice(0, 8)));
}

/** Longer than a living process leaves a file untouched that it writes. */
const FORGOTTEN_MS = 3_600_000;

/**
 * Removes temporary files of which nobody can tell whether their process lives, because it may not run programs (merge,
 * collect), once they are untouched for an hour by the file server's own clock.
 */
export function sweepForgotten(dir: string): void {
  removeForgotten(dir, temporaryIn(dir).filter(({ owner }) => owner.boot === UNKNOWN_BOOT));
}

/**
 * Removes what the dead of any machine have left in a run of which all shards are done: their temporary files once they
 * are forgotten, and at once the files that told of worker loops. Not before all is done: by its loop's file others tell
 * that an attempt is dead. A loop that is alive writes its file anew at its next beat, and removes it when it ends.
 */
export function sweepDone(dir: string): void {
  const loops = namesInPassing(join(dir, CLAIMS)).filter((name) => /^worker_[0-9a-f]{16}\.json$/.test(name));
  for (const name of loops) removeQuietly(join(dir, CLAIMS, name));
  const left = [...FOLDERS, ASIDE].flatMap((folder) =>
    namesInPassing(join(dir, folder)).filter((name) => isRight(name) || readTemporaryName(name) !== undefined)
      .map((name) => ({ path: join(dir, folder, name) }))
  );
  removeForgotten(dir, left);
}

/** A right to rename that nobody gave back: of a process that was killed with it (withLease). */
const isRight = (name: string): boolean => /^shard_.*\.commit$/.test(name);

function removeForgotten(dir: string, files: readonly { path: string }[]): void {
  if (files.length === 0) return;
  const now = serverNow_ms(dir);
  for (const { path } of files) if (now - changed_ms(path) > FORGOTTEN_MS) removeQuietly(path);
}

/** Where processes write temporary files. */
const FOLDERS = ["", ATTEMPTS, CLAIMS, INCOMING];

const temporaryOfRun = (dir: string): Temporary[] => FOLDERS.flatMap((folder) => temporaryIn(join(dir, folder)));

/** By a file that is made now; minus infinity where nothing can be written. */
function serverNow_ms(dir: string): number {
  try {
    const fresh = writeTemporary(join(dir, "clock"), "", 0o640, false);
    const now = changed_ms(fresh);
    removeQuietly(fresh);
    return now;
  } catch {
    return -Infinity;
  }
}

/** When a file was last written to; infinite for one that is gone. */
function changed_ms(path: string): number {
  try {
    return Deno.lstatSync(path).mtime?.getTime() ?? Infinity;
  } catch {
    return Infinity;
  }
}

/** Removes the folders of runs that were not finished, because the process that rendered them was killed. */
export async function sweepStaged(out_dir: string): Promise<void> {
  const folders = temporaryIn(out_dir);
  if (folders.length === 0) return;
  for (const path of await ownerless(folders, await bootId())) removeTree(path);
}

interface Temporary {
  path: string;
  owner: { boot: string; pid: number; start_ticks: string };
}

function temporaryIn(folder: string): Temporary[] {
  return namesInPassing(folder).flatMap((name) => {
    const owner = readTemporaryName(name);
    return owner ? [{ path: join(folder, name), owner }] : [];
  });
}

/** The paths of those whose process was one of this boot, and is dead. */
async function ownerless(files: Temporary[], boot_id: string): Promise<string[]> {
  const here = files.filter((file) => file.owner.boot === boot_id.slice(0, 8));
  const alive = await startTicks([...new Set(here.map((file) => file.owner.pid))]);
  return here.filter(({ owner }) => alive.get(owner.pid) !== owner.start_ticks).map((file) => file.path);
}

/**
 * A private folder (0700) for files that nobody else looks at: in TMPDIR (else /tmp), where that takes nothing in
 * /var/tmp, else in `last_place` or the nearest folder above it that is there. Those that killed processes of ours have
 * left beside it are removed.
 * @throws {FarmError} input, when none of them takes it
 */
export function makeScratch(last_place: string): string {
  const scratch = makeIn(undefined) ?? makeIn("/var/tmp") ?? explainWrite(last_place, () => make(nearest(last_place)));
  dropLeftovers(dirname(scratch));
  return scratch;
}

function makeIn(dir: string | undefined): string | undefined {
  try {
    return usable(make(dir));
  } catch {
    return undefined;
  }
}

/** In /dev/shm a folder can be made, but no file (see core/file_fault.ts, barred). */
function usable(folder: string): string {
  try {
    const probe = join(folder, "probe");
    Deno.openSync(probe, { write: true, createNew: true }).close();
    Deno.removeSync(probe);
    return folder;
  } catch (error) {
    removeTree(folder);
    throw error;
  }
}

function make(dir: string | undefined): string {
  const prefix = `nsfarm-${Deno.pid}-${Deno.hostname()}-`;
  return Deno.makeTempDirSync(dir === undefined ? { prefix } : { dir, prefix });
}

const nearest = (folder: string): string => exists(folder) ? folder : nearest(dirname(folder));

function dropLeftovers(folder: string): void {
  for (const name of namesInPassing(folder)) {
    const [, pid, host] = /^nsfarm-([1-9][0-9]*)-(.+)-[^-]+$/.exec(name) ?? [];
    if (host === Deno.hostname() && isGone(Number(pid))) removeTree(join(folder, name));
  }
}

function isGone(pid: number): boolean {
  try {
    kill(pid, 0);
    return false;
  } catch (error) {
    return systemCode(error) === "ESRCH";
  }
}
