import { createHash, randomBytes } from "node:crypto";
import { basename, dirname, join } from "node:path";
import { FarmError } from "../../core/errors.ts";
import { adviceForWriting, faultWords, fileFault, isAbsent, shownPath } from "../../core/file_fault.ts";
import { temporaryName } from "../../core/run_paths.ts";
import { refused } from "./list.ts";
import { identityNow } from "./read.ts";

/**
 * Renames a file or a folder; all renames of the program are made here. After an error the new name is looked at: over
 * NFS a rename that was sent twice can have been done by the first and be answered with ENOENT, the answer to the second
 * (rename(2), BUGS).
 * @throws what the system answered, where what was to be renamed does not lie under the new name
 */
export function rename(from: string, to: string): void {
  const own = identityOf(from);
  try {
    Deno.renameSync(from, to);
  } catch (error) {
    if (own === null || (own !== identityOf(to) && own !== openedIdentity(to))) throw error;
  }
}

/** Device and inode of what lies under a name; null where there is nothing, or it cannot be looked at. */
function identityOf(path: string): string | null {
  try {
    return identity(Deno.lstatSync(path));
  } catch {
    return null;
  }
}

const openedIdentity = (path: string): string | null => {
  const now = identityNow(path);
  return now && identity(now);
};

const identity = ({ dev, ino }: Pick<Deno.FileInfo, "dev" | "ino">): string | null =>
  ino === null ? null : `${dev} ${ino}`;

/** The boot of those who cannot or did not ask for it. */
export const UNKNOWN_BOOT = "00000000";

/** How temporary files of this process are named; known only once /proc was asked. */
let owner = { boot_id: UNKNOWN_BOOT, pid: Deno.pid, start_ticks: "0" };

export function ownTemporaryFiles(process: { boot_id: string; pid: number; start_ticks: string }): void {
  owner = process;
}

/** A name beside `path` that no other process uses, and that tells whose it is. */
export function temporaryPath(path: string): string {
  const unique = randomBytes(6).toString("hex");
  return join(dirname(path), temporaryName(basename(path), owner, unique));
}

/** Writes a new temporary file beside `path`, with its data on disk unless `sync` is false, and returns its path. */
export function writeTemporary(path: string, data: string | Uint8Array, mode = 0o640, sync = true): string {
  const temporary = temporaryPath(path);
  const file = Deno.openSync(temporary, { write: true, createNew: true, mode });
  try {
    namingFile(path, () => {
      writeAll(file, typeof data === "string" ? new TextEncoder().encode(data) : data);
      if (sync) file.syncDataSync();
    });
  } catch (error) {
    removeQuietly(temporary);
    throw error;
  } finally {
    file.close();
  }
  return temporary;
}

/** Writes to an open file, whose errors do not say of which: they get its path as Deno names one, for main's last words. */
export function namingFile(path: string, write: () => void): void {
  try {
    write();
  } catch (error) {
    if (error instanceof Error && fileFault(error) !== undefined) error.message += `: write '${path}'`;
    throw error;
  }
}

export function writeAll(file: Deno.FsFile, bytes: Uint8Array): void {
  let done = 0;
  while (done < bytes.length) done += file.writeSync(bytes.subarray(done));
}

/**
 * Writes a whole file under its name, or nothing: temporary name, fsync, rename.
 * @throws {FarmError} input, when the disk is full or the folder is not writable
 */
export function writeWhole(path: string, data: string | Uint8Array, mode = 0o640): void {
  explainWrite(path, () => {
    const temporary = writeTemporary(path, data, mode);
    try {
      rename(temporary, path);
    } catch (error) {
      removeQuietly(temporary);
      throw error;
    }
  });
}

/** Hands a long document over, part by part; the same bytes each time. */
export type Fill = (write: (bytes: Uint8Array) => void) => void;

export interface FileSum {
  bytes: number;
  sha256: string;
}

/**
 * As writeWhole, for what is too long to be held in one piece.
 * @param elsewhere begins to hash the same bytes on another thread; undefined: it could not, so it is done here
 * @throws {FarmError} input, when the disk is full or the folder is not writable
 */
export async function writeStreamed(
  path: string,
  fill: Fill,
  elsewhere: () => Promise<FileSum | undefined> = () => Promise.resolve(undefined),
): Promise<FileSum> {
  const temporary = temporaryPath(path);
  const promised = elsewhere();
  try {
    await writeSynced(temporary, fill);
    const sum = await promised ?? hashStream(fill);
    rename(temporary, path);
    return sum;
  } catch (error) {
    removeQuietly(temporary);
    throw explained(path, error);
  }
}

async function writeSynced(path: string, fill: Fill): Promise<void> {
  const file = Deno.openSync(path, { write: true, createNew: true, mode: 0o640 });
  try {
    fill((bytes) => writeAll(file, bytes));
    await file.syncData();
  } finally {
    file.close();
  }
}

/** The sum of a document, as it would be of its file. */
export function hashStream(fill: Fill): FileSum {
  const hash = createHash("sha256");
  let bytes = 0;
  fill((part) => {
    hash.update(part);
    bytes += part.length;
  });
  return { bytes, sha256: hash.digest("hex") };
}

export function writeDocument(path: string, value: unknown): void {
  writeWhole(path, JSON.stringify(value, null, 2) + "\n");
}

/** Whether a name is there, whatever it names. @throws {FarmError} input, when that cannot be found out */
export function exists(path: string): boolean {
  try {
    Deno.lstatSync(path);
    return true;
  } catch (error) {
    if (isAbsent(error)) return false;
    throw refused("look at", path, error);
  }
}

export function removeQuietly(path: string): void {
  try {
    Deno.removeSync(path);
  } catch {
    // gone already, or on a disk that takes nothing any more: it is only a temporary name
  }
}

/** Removes a folder with all that is in it, as far as it is ours. */
export function removeTree(path: string): void {
  try {
    Deno.removeSync(path, { recursive: true });
  } catch {
    // another user's, or removed by another process in the meantime
  }
}

/** Whether the disk of a path takes nothing any more. */
export function isOnFullDisk(path: string): boolean {
  try {
    removeQuietly(writeTemporary(path, new Uint8Array(4096)));
    return false;
  } catch (error) {
    const fault = fileFault(error);
    return fault === "full" || fault === "quota";
  }
}

/** What a failed write means to a user, or undefined where it is of no file. */
function writeFault(error: unknown): string | undefined {
  const fault = fileFault(error);
  if (fault === "absent") return "its folder is not there";
  return fault === "taken" ? "it exists and is not a folder" : faultWords(error);
}

/** @throws {FarmError} input, when the disk is full or the folder is not writable */
export function explainWrite<T>(path: string, write: () => T): T {
  try {
    return write();
  } catch (error) {
    throw explained(path, error);
  }
}

/** A failed write as a user sees it; what is of no file stays as it is. */
function explained(path: string, error: unknown): unknown {
  const fault = fileFault(error);
  if (fault === undefined) return error;
  return new FarmError(
    "input",
    `Cannot write "${shownPath(path)}": ${writeFault(error)}`,
    adviceForWriting(fault),
  );
}

/**
 * Makes a folder and its parents.
 * @throws {FarmError} input, when it cannot be made
 */
export function makeFolder(path: string): void {
  explainWrite(path, () => Deno.mkdirSync(path, { recursive: true, mode: 0o750 }));
}
