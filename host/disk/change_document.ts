import { basename, dirname, join } from "node:path";
import { whileLockedSync } from "./lock_file.ts";
import { MAX_DOCUMENT_BYTES, readRegular, Unreadable } from "./read_file.ts";
import { rename } from "./rename.ts";
import { explainWrite, removeQuietly, writeTemporary } from "./write_file.ts";

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
