import { basename, dirname, join } from "node:path";
import { systemCode } from "../../core/errors.ts";
import { fileFault, isAbsent } from "../../core/file_fault.ts";
import { listNames, showListed } from "./list.ts";
import { MAX_DOCUMENT_BYTES, readRegular, Unreadable } from "./read.ts";
import { exists, explainWrite, removeQuietly, rename, writeTemporary } from "./write.ts";

/**
 * Gives a file its final name by link(2), which never replaces: false when the name is taken, and then the temporary
 * file is left to the caller. After an error the name is looked at again: over NFS a link can
 * succeed and still be answered with an error (link(2), BUGS).
 */
export function commitByLink(temporary: string, path: string): boolean {
  const linked = publishFile(temporary, path);
  if (linked) removeQuietly(temporary);
  return linked;
}

/** As commitByLink, but the temporary name stays as well (where there is no link(2) it does not). */
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

/** EXDEV: AFS links only within one folder (OpenAFS, afs_vop_link). */
const NO_LINKS = new Set(["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EMLINK", "EXDEV"]);

/** Where a file system has no link(2): the exclusive creation of `path.commit` holds the right to rename. */
function commitByRename(temporary: string, path: string): boolean {
  return withLease(path.replace(/(\.out|\.metrics)?\.json$/, "") + ".commit", () => {
    // A look may be answered from what this machine has in mind: a listing asks the server.
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

/** A right is held for a few calls of the system; one that is older than this is of a process that died. */
const RIGHT_STALE_MS = 30_000;
const POLL_INTERVAL_MS = 20;

/** Does something while nobody else does what needs the same right: a file that is created exclusively. */
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

/** Ages are told by the file server's clock alone: by a file that is made now. */
function dropStaleRight(right: string): void {
  const fresh = writeTemporary(right, "", 0o640, false);
  try {
    const [now, held] = [Deno.lstatSync(fresh), Deno.lstatSync(right)];
    if ((now.mtime?.getTime() ?? 0) - (held.mtime?.getTime() ?? 0) < RIGHT_STALE_MS) return;
    // Renamed first: of several that judge it stale only one gets it, and the right of the next holder is given back.
    rename(right, fresh);
    if (Deno.lstatSync(fresh).ino !== held.ino) rename(fresh, right);
  } catch (error) {
    if (!isAbsent(error)) throw error;
  } finally {
    removeQuietly(fresh);
  }
}

/** Waits without giving way to anything else: for the few places that must stay in one piece. */
export function pause(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

function sameFile(a: string, b: string): boolean {
  try {
    const [left, right] = [Deno.lstatSync(a), Deno.lstatSync(b)];
    return left.ino !== null && left.ino === right.ino && left.dev === right.dev;
  } catch {
    return false;
  }
}

/**
 * Runs `work` while no other process that shares the file system does so under the same lock file. The lock goes with
 * its process, however that ends (flock(2)). Where a file system has no locks, or the folder is not ours, `work` is run
 * without.
 */
export async function whileLocked<T>(path: string, work: () => Promise<T>): Promise<T> {
  const file = openLock(path);
  try {
    await file?.lock(true).catch(() => {});
    return await work();
  } finally {
    file?.close();
  }
}

/** The same, for what takes no time. */
export function whileLockedSync<T>(path: string, work: () => T): T {
  const file = openLock(path);
  try {
    lockQuietly(file);
    return work();
  } finally {
    file?.close();
  }
}

function openLock(path: string): Deno.FsFile | undefined {
  try {
    return Deno.openSync(path, { read: true, write: true, create: true, mode: 0o640 });
  } catch {
    return undefined;
  }
}

function lockQuietly(file: Deno.FsFile | undefined): void {
  try {
    file?.lockSync(true);
  } catch {
    // a file system without locks
  }
}

/** The empty file that holds the lock of a document; it stays, for one that is removed protects nobody. */
const lockOf = (path: string): string => join(dirname(path), `.${basename(path)}.lock`);

/**
 * Reads, changes and writes a document while no other process does. `change` is given what is on disk under the lock;
 * nothing slow belongs into it. Where it gives back what it was given, or undefined, nothing is written.
 *
 * Without a lock (a file system that has none, a lock file of somebody else) the document is compared with what was read
 * just before it is replaced, and changed anew where it differs. What remains then: a writer that comes between that look
 * and the rename, a few microseconds, or one whose write a network file system does not show to this machine yet.
 * @param read reads and checks the document; undefined where it is not there
 * @returns the document as it is now
 * @throws {FarmError} input, when it cannot be written; and what `read` and `change` throw
 */
export function changeDocument<T>(path: string, read: () => T, change: (now: T) => T): T {
  return whileLockedSync(lockOf(path), () => {
    for (;;) {
      const bytes = bytesOf(path);
      const now = read();
      const after = change(now);
      if (after === undefined || after === now) return now;
      if (replaceSame(path, bytes, JSON.stringify(after, null, 2) + "\n")) return after;
    }
  });
}

/** Replaces a document by a new text, unless it is another than it was; false then. */
function replaceSame(path: string, before: Uint8Array | undefined, text: string): boolean {
  return explainWrite(path, () => {
    const temporary = writeTemporary(path, text);
    try {
      if (!isSame(before, bytesOf(path))) return false;
      rename(temporary, path);
      return true;
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
  if (a === undefined || b === undefined || a.length !== b.length) return a === b;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
