import { dirname, join } from "node:path";
import { kill } from "node:process";
import { orElse, systemCode } from "../../core/errors.ts";
import { ASIDE, ATTEMPTS, bootTag, CLAIMS, INCOMING, readTemporaryName } from "../../core/run_paths.ts";
import { namesInPassing } from "../fs/list.ts";
import { exists, explainWrite, removeQuietly, removeTree, UNKNOWN_BOOT, writeTemporary } from "../fs/write.ts";
import type { Machine } from "../system/machine.ts";
import { bootId, pidNamespace, startTicks } from "../system/proc.ts";

/** Removes temporary files of dead processes of this machine, and old ones of other machines or an earlier boot. */
export async function sweepTemporary(dir: string, machine: Machine): Promise<void> {
  const boot = machine.process.boot_id;
  const files = temporaryOfRun(dir);
  for (const path of await ownerless(files, boot)) removeQuietly(path);
  removeForgotten(dir, files.filter(({ owner }) => owner.boot !== bootTag(boot)));
}

/** Age that the temporary file of a living process does not reach. */
const FORGOTTEN_MS = 3_600_000;

/**
 * Removes temporary files untouched for an hour by the file server's own clock, of commands that may run no programs
 * (merge): their names do not say on which boot their process ran.
 */
export function sweepForgotten(dir: string): void {
  removeForgotten(dir, temporaryIn(dir).filter(({ owner }) => owner.boot === UNKNOWN_BOOT));
}

/**
 * Removes the leftovers of dead processes of any machine from a run whose shards are all done: old temporary files, and
 * the files of worker loops. Not earlier: by its loop's file others find that an attempt is dead. A living loop writes
 * its file anew at its next beat, and removes it when it ends.
 * @param names a listing of the run directory itself
 */
export function sweepDone(dir: string, names: ReadonlySet<string>): void {
  const loops = namesInPassing(join(dir, CLAIMS)).filter((name) => /^worker_[0-9a-f]{16}\.json$/.test(name));
  for (const name of loops) removeQuietly(join(dir, CLAIMS, name));
  const left = [...FOLDERS, ASIDE].flatMap((folder) =>
    (folder === "" ? [...names] : namesInPassing(join(dir, folder))).filter((name) =>
      isRight(name) || readTemporaryName(name) !== undefined
    )
      .map((name) => ({ path: join(dir, folder, name) }))
  );
  removeForgotten(dir, left);
  removeSecondNames(join(dir, ASIDE));
}

/** A file that is kept aside has two names for a moment; of a process that was killed then the longer one is left. */
function removeSecondNames(folder: string): void {
  const kept = new Set<string>();
  for (const name of namesInPassing(folder).sort((a, b) => a.length - b.length)) {
    const path = join(folder, name);
    const file = linkedFile(path);
    if (file === null) continue;
    if (kept.has(file)) removeQuietly(path);
    kept.add(file);
  }
}

/** Device and inode of a file that has several names; else null. */
const linkedFile = (path: string): string | null =>
  orElse(null, () => {
    const { dev, ino, nlink, isFile } = Deno.lstatSync(path);
    return isFile && ino !== null && (nlink ?? 1) > 1 ? `${dev} ${ino}` : null;
  });

/** Whether a name is a lease (withLease) that a killed process left behind. */
const isRight = (name: string): boolean => /^shard_.*\.commit$|^\..+\.lease$/.test(name);

function removeForgotten(dir: string, files: readonly { path: string }[]): void {
  if (files.length === 0) return;
  const now = serverNow_ms(dir);
  for (const { path } of files) if (now - changed_ms(path) > FORGOTTEN_MS) removeQuietly(path);
}

/** Folders with temporary files. */
const FOLDERS = ["", ATTEMPTS, CLAIMS, INCOMING];

const temporaryOfRun = (dir: string): Temporary[] => FOLDERS.flatMap((folder) => temporaryIn(join(dir, folder)));

/** Returns the file server's time by a file made now in a folder; minus infinity where nothing can be written. */
export const serverNow_ms = (dir: string): number =>
  orElse(-Infinity, () => {
    const fresh = writeTemporary(join(dir, "clock"), "", 0o640, false);
    const now = changed_ms(fresh);
    removeQuietly(fresh);
    return now;
  });

/** Returns when a file was last written; infinity for one that is gone. */
const changed_ms = (path: string): number => orElse(Infinity, () => Deno.lstatSync(path).mtime?.getTime() ?? Infinity);

/** Removes the folders of unfinished renders, whose processes were killed. */
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

/** Returns the paths whose process was of this boot and is dead. */
async function ownerless(files: Temporary[], boot_id: string): Promise<string[]> {
  const here = files.filter((file) => file.owner.boot === bootTag(boot_id));
  const alive = await startTicks([...new Set(here.map((file) => file.owner.pid))]);
  return here.filter(({ owner }) => alive.get(owner.pid) !== owner.start_ticks).map((file) => file.path);
}

/**
 * Makes a private folder (0700): in TMPDIR (else /tmp), else in /var/tmp, else in `last_place` or its nearest existing
 * parent. Removes those that killed processes left beside it.
 * @throws {FarmError} input, when none of them is writable
 */
export function makeScratch(last_place: string): string {
  const scratch = makeIn(undefined) ?? makeIn("/var/tmp") ?? explainWrite(last_place, () => make(nearest(last_place)));
  dropLeftovers(dirname(scratch));
  return scratch;
}

const makeIn = (dir: string | undefined): string | undefined => orElse(undefined, () => usable(make(dir)));

/** Whether files can be made in a folder; /dev/shm may allow folders and no files (see core/file_fault.ts, barred). */
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
  const prefix = `nsfarm-${Deno.pid}-${placeOfPids()}-`;
  return Deno.makeTempDirSync(dir === undefined ? { prefix } : { dir, prefix });
}

/** Returns the host, and its PID namespace where that is not the first: containers share /tmp and the host's name. */
function placeOfPids(): string {
  const namespace = pidNamespace();
  return namespace === "" ? Deno.hostname() : `${Deno.hostname()}.pid${namespace}`;
}

const nearest = (folder: string): string => exists(folder) ? folder : nearest(dirname(folder));

function dropLeftovers(folder: string): void {
  for (const name of namesInPassing(folder)) {
    const [, pid, host] = /^nsfarm-([1-9][0-9]*)-(.+)-[^-]+$/.exec(name) ?? [];
    if (host === placeOfPids() && isGone(Number(pid))) removeTree(join(folder, name));
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
