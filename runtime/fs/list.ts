import fs from "node:fs";
import { dirname } from "node:path";
import { FarmError } from "../../core/errors.ts";
import { fileError, fileFault, isAbsent } from "../../core/file_fault.ts";

/**
 * The error of a file as a user sees it, with whose it is where permission is denied; what is of no file stays as it is.
 * @param doing read, list, look at …
 */
export function refused(doing: string, path: string, thrown: unknown): unknown {
  const error = fileError(doing, path, thrown);
  if (!(error instanceof FarmError) || fileFault(thrown) !== "denied") return error;
  const owner = nearestOwner(path);
  return owner === null ? error : new FarmError(error.kind, `${error.message} (${owner})`, error.next);
}

/** Of the file, or of the nearest folder above it that can be seen; null where that tells nothing. */
function nearestOwner(path: string): string | null {
  try {
    const { uid } = Deno.lstatSync(path);
    return uid === null ? null : `it belongs to user ${uid}`;
  } catch {
    const above = dirname(path);
    const owner = above === path ? null : nearestOwner(above);
    return owner?.startsWith("it ") ? owner.replace("it ", `"${above}" `) : owner;
  }
}

/** What may not be read as the error that says so: what is left of a run can be looked at all the same. */
export function orRefusal<T>(read: () => T): T | FarmError {
  try {
    return read();
  } catch (error) {
    if (error instanceof FarmError) return error;
    throw error;
  }
}

/** Names in a folder; none where it is not there. @throws {FarmError} input, when it cannot be listed */
export function listNames(folder: string): string[] {
  try {
    return [...Deno.readDirSync(folder)].map((entry) => entry.name);
  } catch (error) {
    if (isAbsent(error)) return [];
    throw refused("list", folder, error);
  }
}

/** The same in passing: none where it cannot be listed, since what is in there is not ours to clear away. */
export function namesInPassing(folder: string): string[] {
  try {
    return listNames(folder);
  } catch {
    return [];
  }
}

/**
 * Makes this machine ask its file server about a name that a listing shows and a look denies, by an attempt to make a
 * folder of that name: it fails, and what was kept in mind about the name is dropped (nfs_mkdir and create_new_entry of
 * the Linux kernel, for NFS and FUSE). Should the name be gone in the meantime, the folder is taken away again, by a call
 * that removes nothing but an empty folder: under a final name it would be taken for a damaged result.
 */
export function showListed(path: string): void {
  try {
    Deno.mkdirSync(path);
    fs.rmdirSync(path);
  } catch {
    // it is there, or nothing may be written here
  }
}
