import { basename, dirname, join } from "node:path";
import { orElse, systemCode } from "../../core/errors.ts";
import { fileFault, isAbsent } from "../../core/file_fault.ts";
import { listNames, showListed } from "./list.ts";
import { identityNow, whileOpen } from "./open.ts";
import { MAX_DOCUMENT_BYTES, readRegular, Unreadable } from "./read.ts";
import { exists, explainWrite, removeQuietly, rename, writeTemporary } from "./write.ts";

/**
 * Gives a file its final name by link(2), which never replaces. Returns false when the name exists; the temporary file
 * is then left to the caller. After an error the name is checked again: over NFS a link can succeed and still return an
 * error (link(2), BUGS).
 */
export function commitByLink(temporary: string, path: string): boolean {
  const linked = publishFile(temporary, path);
  if (linked) removeQuietly(temporary);
  return linked;
}

/** Gives a file its final name as commitByLink does, and keeps the temporary name (except without link(2)). */
export function publishFile(temporary: string, path: string): boolean {
  try {
    Deno.linkSync(temporary, path);
    return true;
  } catch (error) {
    if (sameFile(temporary, path)) return true;
    if (fileFault(error) === "taken") return false;
    if (isAbsent(error) && !exists(temporary)) return false;
    if (!NO_LINKS.has(systemCode(error) ?? "")) throw error;
    return commitByRename(temporary, path);
  }
}

/** Errors of file systems without link(2). EXDEV: AFS links only within one folder (OpenAFS, afs_vop_link). */
const NO_LINKS = new Set(["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EMLINK", "EXDEV"]);

/** Renames where a file system has no link(2): whoever creates `path.commit` exclusively may rename. */
function commitByRename(temporary: string, path: string): boolean {
  return withLease(path.replace(/(\.out|\.metrics)?\.json$/, "") + ".commit", () => {
    // This machine may answer from a cache; a listing asks the server.
    if (listNames(dirname(path)).includes(basename(path))) {
      showListed(path);
      return false;
    }
    try {
      rename(temporary, path);
      return true;
    } catch (error) {
      if (isAbsent(error) && !exists(temporary)) return false;
      throw error;
    }
  });
}

/** Age after which a lease belongs to a dead process: a living one holds it for a few system calls. */
const RIGHT_STALE_MS = 30_000;
const POLL_INTERVAL_MS = 20;

/** Calls `act` while no other process holds the same lease, a file that is created exclusively. */
export function withLease<T>(right: string, act: () => T): T {
  for (let tries = 0; !createNew(right); tries++) {
    if (tries % 50 === 1) dropStaleRight(right);
    pause(POLL_INTERVAL_MS);
  }
  try {
    return act();
  } finally {
    removeQuietly(right);
  }
}

function createNew(path: string): boolean {
  try {
    Deno.openSync(path, { write: true, createNew: true }).close();
    return true;
  } catch (error) {
    if (fileFault(error) === "taken") return false;
    throw error;
  }
}

/** Removes a lease that is too old. Its age is measured by the clock of the file server alone, with a file made now. */
function dropStaleRight(right: string): void {
  const fresh = writeTemporary(right, "", 0o640, false);
  try {
    const [now, held] = [Deno.lstatSync(fresh), Deno.lstatSync(right)];
    if ((now.mtime?.getTime() ?? 0) - (held.mtime?.getTime() ?? 0) < RIGHT_STALE_MS) return;
    // Renamed first: if several processes judge the lease stale, only one gets it, and a newer lease is given back.
    rename(right, fresh);
    if (Deno.lstatSync(fresh).ino !== held.ino) rename(fresh, right);
  } catch (error) {
    if (!isAbsent(error)) throw error;
  } finally {
    removeQuietly(fresh);
  }
}

/** Blocks this thread for `ms` milliseconds, for the few steps that no other task may interrupt. */
export function pause(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

const sameFile = (a: string, b: string): boolean =>
  orElse(false, () => {
    const [left, right] = [Deno.lstatSync(a), Deno.lstatSync(b)];
    return left.ino !== null && left.ino === right.ino && left.dev === right.dev;
  });

/**
 * Runs `work` while no other process that shares the file system holds the lock file. The lock ends with its process in
 * every case (flock(2)). Where the file system has no locks a lease takes its place, which counts for half a minute after
 * its process was killed; without either where the folder belongs to another user.
 */
export async function whileLocked<T>(path: string, work: () => Promise<T>): Promise<T> {
  const file = openLock(path);
  try {
    const is_locked = await file?.lock(true).then(() => true, () => false) ?? false;
    return await (is_locked ? work() : whileLeased(`${path}.lease`, work));
  } finally {
    file?.close();
  }
}

/** Interval at which long work renews its lease, so that it does not count as that of a dead process. */
const RENEW_MS = 5000;

/** Runs `work` while no other process holds the same lease; without one where no file can be made. */
async function whileLeased<T>(lease: string, work: () => Promise<T>): Promise<T> {
  const own = await takeLease(lease);
  if (own === null) return await work();
  // Written to, since the file server sets the time of the file then.
  const renew = () => whileOpen(Deno.openSync(lease, { append: true }), (file) => file.writeSync(new Uint8Array(1)));
  const timer = setInterval(() => orElse(0, renew), RENEW_MS);
  try {
    return await work();
  } finally {
    clearInterval(timer);
    if (identityNow(lease)?.ino === own) removeQuietly(lease);
  }
}

/** Takes a lease and returns its inode; null where no file can be made. */
async function takeLease(lease: string): Promise<number | null> {
  for (let tries = 0;; tries++) {
    const isTaken = orElse(null, () => !createNew(lease));
    if (isTaken === null) return null;
    if (!isTaken) return identityNow(lease)?.ino ?? null;
    if (tries % 20 === 1) orElse(undefined, () => dropStaleRight(lease));
    await new Promise((resolve) => setTimeout(resolve, 5 * POLL_INTERVAL_MS));
  }
}

/** Runs short `work` under the lock file as whileLocked does. @param work is called with whether there is a lock */
export function whileLockedSync<T>(path: string, work: (is_locked: boolean) => T): T {
  const file = openLock(path);
  try {
    return work(lockQuietly(file));
  } finally {
    file?.close();
  }
}

const openLock = (path: string): Deno.FsFile | undefined =>
  orElse(undefined, () => Deno.openSync(path, { read: true, write: true, create: true, mode: 0o640 }));

/** Returns whether the lock is held; false on a file system without locks. */
const lockQuietly = (file: Deno.FsFile | undefined): boolean =>
  orElse(false, () => {
    file?.lockSync(true);
    return file !== undefined;
  });

/** Returns the path of a document's lock file. It stays: without it two processes could hold the lock. */
const lockOf = (path: string): string => join(dirname(path), `.${basename(path)}.lock`);

/** Returns the path of a document's lease, where it has no lock. */
const leaseOf = (path: string): string => join(dirname(path), `.${basename(path)}.lease`);

/**
 * Reads, changes and writes a document under its lock. `change` gets the present document; slow work does not belong in
 * it. Nothing is written where it returns its argument or undefined.
 * Without a lock (a file system that has none, a lock file of another user) the document is compared with the one that
 * was read just before it is replaced, under a lease, and changed anew where it differs. One case remains: a writer whose
 * change a network file system does not show here yet.
 * @param read reads and checks the document; undefined where it does not exist
 * @returns the document after the change
 * @throws {FarmError} input, when it cannot be written; and the errors of `read` and `change`
 */
export function changeDocument<T>(path: string, read: () => T, change: (now: T) => T): T {
  return whileLockedSync(lockOf(path), (is_locked) => {
    const alone = is_locked ? (act: () => boolean) => act() : (act: () => boolean) => withLease(leaseOf(path), act);
    for (;;) {
      const bytes = bytesOf(path);
      const now = read();
      const after = change(now);
      if (after === undefined || after === now) return now;
      if (replaceSame(path, bytes, JSON.stringify(after, null, 2) + "\n", alone)) return after;
    }
  });
}

/**
 * Replaces a document by a new text. Returns false, without a change, where the document is not the one given.
 * @param alone calls a function while no other process does
 */
function replaceSame(
  path: string,
  before: Uint8Array | undefined,
  text: string,
  alone: (act: () => boolean) => boolean,
): boolean {
  return explainWrite(path, () => {
    const temporary = writeTemporary(path, text);
    try {
      return alone(() => {
        if (!isSame(before, bytesOf(path))) return false;
        rename(temporary, path);
        return true;
      });
    } finally {
      removeQuietly(temporary);
    }
  });
}

function bytesOf(path: string): Uint8Array | undefined {
  try {
    return readRegular(path, MAX_DOCUMENT_BYTES);
  } catch (error) {
    if (error instanceof Unreadable) return undefined;
    throw error;
  }
}

function isSame(a: Uint8Array | undefined, b: Uint8Array | undefined): boolean {
  return a === undefined || b === undefined ? a === b : isSameBytes(a, b);
}

/** Returns whether two byte arrays are equal; compares four bytes at a time. */
export function isSameBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  const [words, others] = [wordsOf(a), wordsOf(b)];
  for (let i = 0; i < words.length; i++) if (words[i] !== others[i]) return false;
  for (let i = 4 * words.length; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** Returns the bytes as whole words; none where their memory begins between two words. */
const wordsOf = ({ buffer, byteOffset, length }: Uint8Array): Int32Array =>
  byteOffset % 4 === 0 ? new Int32Array(buffer, byteOffset, length >> 2) : new Int32Array(0);
