import { dirname } from "node:path";
import { FarmError } from "../../core/errors.ts";
import { fileError, fileFault } from "../../core/file_fault.ts";

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
