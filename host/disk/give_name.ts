import { basename, dirname } from "node:path";
import { systemCode } from "../../core/errors.ts";
import { fileFault, isAbsent } from "../../core/file_fault.ts";
import { listNames } from "./list_names.ts";
import { rename } from "./rename.ts";
import { showListed } from "./show_listed.ts";
import { exists, removeQuietly, writeTemporary } from "./write_file.ts";

/**
 * Gives a file its final name by link(2), which never replaces: false when the name is taken, and then the temporary
 * file is left to the caller. After an error the name is looked at again: over NFS a link can
 * succeed and still be answered with an error (link(2), BUGS).
 */
export function commitByLink(temporary: string, path: string): boolean {
  const linked = giveName(temporary, path);
  if (linked) removeQuietly(temporary);
  return linked;
}

/** As commitByLink, but the temporary name stays as well (where there is no link(2) it does not). */
export function giveName(temporary: string, path: string): boolean {
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
  return holdRight(path.replace(/(\.out|\.metrics)?\.json$/, "") + ".commit", () => {
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
const LOOK_AGAIN_MS = 20;

/** Does something while nobody else does what needs the same right: a file that is created exclusively. */
export function holdRight<T>(right: string, act: () => T): T {
  for (let tries = 0; !createNew(right); tries++) {
    if (tries % 50 === 1) dropStaleRight(right);
    pause(LOOK_AGAIN_MS);
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
