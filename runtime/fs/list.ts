import fs from "node:fs";
import { dirname } from "node:path";
import { FarmError, orElse } from "../../core/errors.ts";
import { fileError, fileFault, isAbsent } from "../../core/file_fault.ts";

/**
 * Returns a file error as users see it, with the owner where permission is denied; errors that concern no file are
 * returned unchanged.
 * @param doing read, list, inspect …
 */
export function refused(doing: string, path: string, thrown: unknown): unknown {
  const error = fileError(doing, path, thrown);
  if (!(error instanceof FarmError) || fileFault(thrown) !== "denied") return error;
  const owner = nearestOwner(path);
  return owner === null ? error : new FarmError(error.kind, `${error.message} (${owner})`, error.next);
}

/** Returns the owner of the file, or of the nearest visible folder above it; null where neither is known. */
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

/** Returns what `read` returns, or the FarmError that it throws: the rest of a run is still worth showing. */
export function orRefusal<T>(read: () => T): T | FarmError {
  try {
    return read();
  } catch (error) {
    if (error instanceof FarmError) return error;
    throw error;
  }
}

/** Returns the names in a folder; none where it does not exist. @throws {FarmError} input, when it cannot be listed */
export const listNames = (folder: string): string[] => [...listFolder(folder).names];

/** The names in a folder, and those of them that are no regular files: folders, links, FIFOs. */
export interface FolderListing {
  names: ReadonlySet<string>;
  irregular: ReadonlySet<string>;
}

/** Lists a folder as listNames does. */
export function listFolder(folder: string): FolderListing {
  const [names, irregular] = [new Set<string>(), new Set<string>()];
  try {
    for (const { name, isFile } of Deno.readDirSync(folder)) {
      names.add(name);
      if (!isFile) irregular.add(name);
    }
  } catch (error) {
    if (!isAbsent(error)) throw refused("list", folder, error);
  }
  return { names, irregular };
}

/** Returns the names in a folder; none where it cannot be listed: such a folder is not ours to clean up. */
export const namesInPassing = (folder: string): string[] => orElse([], () => listNames(folder));

/**
 * Makes this machine ask its file server about a name that a listing shows and a lookup denies, by an attempt to create
 * a folder of that name. The attempt fails and drops the cached answer (nfs_mkdir and create_new_entry of the Linux
 * kernel, for NFS and FUSE). If the name was removed meanwhile, the new folder is removed again by a call that removes
 * only empty folders: under a final name it would count as a damaged result.
 */
export function showListed(path: string): void {
  try {
    Deno.mkdirSync(path);
    fs.rmdirSync(path);
  } catch {
    // it exists, or the folder is not writable
  }
}
