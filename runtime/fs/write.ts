import { createHash, randomBytes } from "node:crypto";
import { basename, dirname, join } from "node:path";
import { FarmError, orElse } from "../../core/errors.ts";
import { adviceForWriting, faultWords, fileFault, isAbsent, shownPath } from "../../core/file_fault.ts";
import { temporaryName } from "../../core/run_paths.ts";
import { refused } from "./list.ts";
import { identityNow, whileOpen } from "./open.ts";

/**
 * Renames a file or a folder; the only place of the program that does. After an error the new name is checked: over NFS
 * a repeated rename can be done by the first request while the answer to the second is ENOENT (rename(2), BUGS).
 * @throws the system's error, where the source is not under the new name
 */
export function rename(from: string, to: string): void {
  const own = identityOf(from);
  try {
    Deno.renameSync(from, to);
  } catch (error) {
    if (own === null || (own !== identityOf(to) && own !== openedIdentity(to))) throw error;
  }
}

/** Returns device and inode of a path; null where it does not exist or cannot be inspected. */
const identityOf = (path: string): string | null => orElse(null, () => identity(Deno.lstatSync(path)));

const openedIdentity = (path: string): string | null => {
  const now = identityNow(path);
  return now && identity(now);
};

const identity = ({ dev, ino }: Pick<Deno.FileInfo, "dev" | "ino">): string | null =>
  ino === null ? null : `${dev} ${ino}`;

/** Boot id of processes that cannot read it or have not yet. */
export const UNKNOWN_BOOT = "00000000";

/** Owner in the names of this process's temporary files; complete once /proc was read. */
let owner = { boot_id: UNKNOWN_BOOT, pid: Deno.pid, start_ticks: "0" };

/** Sets the owner in the names of temporary files of this process. */
export function ownTemporaryFiles(process: typeof owner): void {
  owner = process;
}

/** Returns a name beside `path` that no other process uses and that names its owner. */
export function temporaryPath(path: string): string {
  const unique = randomBytes(6).toString("hex");
  return join(dirname(path), temporaryName(basename(path), owner, unique));
}

/** Writes a new temporary file beside `path` and returns its path. The data are forced to disk if `sync`. */
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

/** Calls `write` and adds the file's path to its error, as Deno names a path; errors of an open file name none. */
export function namingFile(path: string, write: () => void): void {
  try {
    write();
  } catch (error) {
    if (error instanceof Error && fileFault(error) !== undefined) error.message += `: write '${path}'`;
    throw error;
  }
}

export function writeAll(file: Pick<Deno.FsFile, "writeSync">, bytes: Uint8Array): void {
  let done = 0;
  while (done < bytes.length) done += file.writeSync(bytes.subarray(done));
}

/** Writes a whole file or nothing: temporary name, fsync, rename. @throws {FarmError} input, if the disk refuses */
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

/**
 * Appends a line to a file that several processes of this machine may append to. It is one write(2), and begins with a
 * line break: the rest that a killed writer left of a line costs that line alone.
 * @param line less than 4 KiB, without a line break
 */
export function appendLine(path: string, line: string): void {
  whileOpen(
    Deno.openSync(path, { append: true, create: true, mode: 0o600 }),
    (file) => file.writeSync(new TextEncoder().encode(`\n${line}\n`)),
  );
}

/** A function that writes a long document part by part; each call gives the same bytes. */
export type Fill = (write: (bytes: Uint8Array) => void) => void;

export interface FileSum {
  bytes: number;
  sha256: string;
}

/**
 * Writes as writeWhole does, for documents too long to hold in memory at once.
 * @param elsewhere starts to hash the same bytes on another thread; undefined: not possible, so they are hashed here
 * @throws {FarmError} input, when the disk is full or the folder is not writable
 */
export async function writeStreamed(
  path: string,
  fill: Fill,
  elsewhere?: () => Promise<FileSum | undefined>,
): Promise<FileSum> {
  const temporary = temporaryPath(path);
  try {
    const sum = await writeAndHash(temporary, fill, elsewhere);
    rename(temporary, path);
    return sum;
  } catch (error) {
    removeQuietly(temporary);
    throw explained(path, error);
  }
}

async function writeAndHash(
  path: string,
  fill: Fill,
  elsewhere: (() => Promise<FileSum | undefined>) | undefined,
): Promise<FileSum> {
  if (!elsewhere) return await writeSynced(path, (write) => hashAlong(fill, write));
  const promised = elsewhere();
  await writeSynced(path, fill);
  return await promised ?? hashStream(fill);
}

async function writeSynced<T>(path: string, fill: (write: Parameters<Fill>[0]) => T): Promise<T> {
  const file = Deno.openSync(path, { write: true, createNew: true, mode: 0o640 });
  try {
    const filled = fill((bytes) => writeAll(file, bytes));
    await file.syncData();
    return filled;
  } finally {
    file.close();
  }
}

/** Writes a document once, and returns its size and sha256. */
export const hashAlong = (fill: Fill, write: (bytes: Uint8Array) => void): FileSum =>
  hashStream((hash) =>
    fill((bytes) => {
      write(bytes);
      hash(bytes);
    })
  );

/** Returns size and sha256 of a document as its file would have them. */
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

/** Returns whether a name exists, of whatever type. @throws {FarmError} input, when the system refuses to say */
export function exists(path: string): boolean {
  try {
    Deno.lstatSync(path);
    return true;
  } catch (error) {
    if (isAbsent(error)) return false;
    throw refused("look at", path, error);
  }
}

/** Removes a file, if it exists and may be removed; on a full disk only a temporary name remains. */
export const removeQuietly = (path: string): void => orElse(undefined, () => Deno.removeSync(path));

/** Removes a folder and all that this user may remove in it. */
export const removeTree = (path: string): void => orElse(undefined, () => Deno.removeSync(path, { recursive: true }));

export function isOnFullDisk(path: string): boolean {
  try {
    removeQuietly(writeTemporary(path, new Uint8Array(4096)));
    return false;
  } catch (error) {
    const fault = fileFault(error);
    return fault === "full" || fault === "quota";
  }
}

/** Returns the reason of a failed write for users; undefined where it concerns no file. */
function writeFault(error: unknown): string | undefined {
  const fault = fileFault(error);
  if (fault === "absent") return "its folder is not there";
  return fault === "taken" ? "it exists and is not a folder" : faultWords(error);
}

/** Calls `write`. @throws {FarmError} input, when the disk is full or the folder is not writable */
export function explainWrite<T>(path: string, write: () => T): T {
  try {
    return write();
  } catch (error) {
    throw explained(path, error);
  }
}

/** Returns a failed write as users see it; errors that concern no file are returned unchanged. */
function explained(path: string, error: unknown): unknown {
  const fault = fileFault(error);
  if (fault === undefined) return error;
  return new FarmError(
    "input",
    `Cannot write "${shownPath(path)}": ${writeFault(error)}`,
    adviceForWriting(fault),
  );
}

/** Makes a folder and its parents. @throws {FarmError} input, when it cannot be made */
export function makeFolder(path: string): void {
  explainWrite(path, () => Deno.mkdirSync(path, { recursive: true, mode: 0o750 }));
}
