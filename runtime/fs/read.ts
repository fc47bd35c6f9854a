import * as z from "../../core/schema/zod.ts";
import { errorText, FarmError } from "../../core/errors.ts";
import { adviceFor, faultWords, type FileFault, fileFault, isAbsent, shownPath } from "../../core/file_fault.ts";
import { firstIssue } from "../../core/first_issue.ts";
import { identityNow, readNext, whileOpen } from "./open.ts";

/** Largest file that is read as a single text (V8 strings end at 2^29 characters). */
export const MAX_TEXT_BYTES = 480 * 1024 * 1024;

export const MAX_DOCUMENT_BYTES = 256 * 1024 * 1024;
const MAX_DEPTH = 200;

/** Reason why a file was not read. Returned as data, so that one bad shard does not stop the inspection of the others. */
export class Unreadable extends Error {
  /**
   * @param other_toys whether the file is readable and holds other toys than planned
   * @param fault the system's reason for refusing to read; null where the content is at fault
   */
  constructor(
    message: string,
    readonly absent: boolean,
    readonly other_toys = false,
    readonly fault: FileFault | null = null,
  ) {
    super(message);
    this.name = "Unreadable";
  }
}

/** Reads a regular file up to `max_bytes`; never opens a FIFO, a device, a folder or a link. @throws {Unreadable} */
export function readRegular(path: string, max_bytes: number): Uint8Array {
  for (let tries = 1;; tries++) {
    checkRegular(path);
    try {
      return readBytes(path, max_bytes);
    } catch (error) {
      // Over NFS: another machine removed or replaced the file after it was opened here; a new open gets the new one
      // (nfs(5)).
      if (fileFault(error) === "stale" && tries < MAX_STALE) continue;
      throw error instanceof Unreadable ? error : unreadable(error);
    }
  }
}

/** Number of replacements during a read after which a file counts as unreadable. */
const MAX_STALE = 5;

let common = new Uint8Array(256 * 1024);

/**
 * Reads as readRegular does, together with the file's attributes, into a buffer that the next call reuses. For callers
 * that read thousands of files and need one at a time.
 * @throws {Unreadable}
 */
export function readForNow(path: string, max_bytes: number): { bytes: Uint8Array; info: Deno.FileInfo } {
  const info = checkRegular(path);
  return { bytes: readToEnd(path, max_bytes, info.size) ?? readRegular(path, max_bytes), info };
}

/** Reads as readForNow does, a name that a listing has just shown as a regular file. @throws {Unreadable} */
export const readListedForNow = (path: string, max_bytes: number): Uint8Array =>
  readToEnd(path, max_bytes) ?? readRegular(path, max_bytes);

/**
 * Returns the bytes; null where the file is too large or cannot be read, for which readRegular gives the reason.
 * @param size the size before the file was opened: a read of as many bytes, with room for more, was the last
 */
function readToEnd(path: string, max_bytes: number, size = Infinity): Uint8Array | null {
  try {
    return whileOpen(Deno.openSync(path), (file) => {
      let n = 0;
      for (let got = file.readSync(common); got !== null; got = file.readSync(common.subarray(n))) {
        n += got;
        if (n > max_bytes) return null;
        if (n === size && n < common.length) break;
        if (n === common.length) common = twice(common);
      }
      return common.subarray(0, n);
    });
  } catch {
    return null;
  }
}

function twice(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const larger = new Uint8Array(2 * bytes.length);
  larger.set(bytes);
  return larger;
}

/** Opens a regular file to be read in parts. @throws {Unreadable} */
export function openRegular(path: string): Deno.FsFile {
  checkRegular(path);
  try {
    return Deno.openSync(path);
  } catch (error) {
    throw unreadable(error);
  }
}

function checkRegular(path: string): Deno.FileInfo {
  const info = statFile(path);
  // This machine may have cached a folder under this name; the server knows whether it still is one.
  if (info.isDirectory && identityNow(path)?.isFile) return info;
  if (info.isSymlink) throw new Unreadable("is a link, wanted a regular file", false);
  if (!info.isFile) throw new Unreadable(`is ${info.isDirectory ? "a folder" : "no regular file"}`, false);
  return info;
}

/**
 * Reads by hand, which takes half the time of Deno.readFileSync. The size is that of the open file: a longer document
 * may have replaced the name since.
 */
const readBytes = (path: string, max_bytes: number): Uint8Array =>
  whileOpen(Deno.openSync(path), (file) => {
    const { size } = file.statSync();
    if (size > max_bytes) throw new Unreadable(`has ${size} bytes, more than the limit of ${max_bytes}`, false);
    const bytes = new Uint8Array(size + 1);
    let n = 0;
    while (n <= size) {
      const got = file.readSync(n === 0 ? bytes : bytes.subarray(n));
      if (got === null) break;
      n += got;
      if (n === size) break;
    }
    if (n > size) throw new Unreadable("grew while it was read", false);
    return bytes.subarray(0, n);
  });

function statFile(path: string): Deno.FileInfo {
  try {
    return Deno.lstatSync(path);
  } catch (error) {
    throw unreadable(error);
  }
}

/** Returns the error of a read as data. */
export function unreadable(error: unknown): Unreadable {
  if (error instanceof Unreadable) return error;
  if (isAbsent(error)) return new Unreadable("is not there", true);
  const fault = fileFault(error) ?? null;
  // As where the look before the open shows it: another machine may have made it for a moment (showListed).
  if (fault === "folder") return new Unreadable("is a folder", false);
  return new Unreadable(`cannot be read: ${faultWords(error) ?? errorText(error)}`, false, false, fault);
}

const utf8 = new TextDecoder();
/** Strict decoder, used only after a replacement character: Deno decodes several times faster without the check. */
const strictUtf8 = new TextDecoder("utf-8", { fatal: true });
const REPLACEMENT = "\ufffd";

/** Returns the text of a document's bytes. @throws {Unreadable} empty, not UTF-8 */
export function decodeText(bytes: Uint8Array): string {
  if (bytes.length === 0) throw new Unreadable("is empty", false);
  const text = utf8.decode(bytes);
  if (!text.includes(REPLACEMENT)) return text;
  try {
    return strictUtf8.decode(bytes);
  } catch {
    throw new Unreadable("is no text in UTF-8", false);
  }
}

/** Parses JSON. @throws {Unreadable} empty, truncated, not UTF-8, nested too deeply */
export const parseJson = (bytes: Uint8Array): unknown => parseText(decodeText(bytes));

/** Parses a text as parseJson does. @throws {Unreadable} */
export function parseText(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    if (text.length >= NEVER_TOO_DEEP_CHARACTERS) checkLevels(value, MAX_DEPTH);
    return value;
  } catch (error) {
    if (error instanceof Unreadable) throw error;
    throw new Unreadable(`is no JSON: ${errorText(error)}`, false);
  }
}

/** Length below which nesting cannot be too deep for JSON.stringify (it fails between 4,000 and 8,000 levels). */
export const NEVER_TOO_DEEP_CHARACTERS = 7000;

/**
 * Throws where nesting is so deep that it would overflow the stack of code that walks or writes the document. JSON.parse
 * itself needs no stack for it (V8).
 */
function checkLevels(value: unknown, left: number): void {
  if (!isNested(value)) return;
  if (left === 0) throw new Unreadable(`is nested deeper than ${MAX_DEPTH} levels`, false);
  // for-in needs no list of the members; a value that JSON.parse made inherits none.
  if (Array.isArray(value)) value.forEach((member) => checkLevels(member, left - 1));
  else for (const name in value) checkLevels(value[name], left - 1);
}

const isNested = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null;

/** Reads a document of a known schema. @throws {Unreadable} */
export const readDocument = <T extends z.core.$ZodType>(path: string, schema: T): z.infer<T> =>
  ofSchema(parseJson(readRegular(path, MAX_DOCUMENT_BYTES)), schema);

/**
 * Returns a parsed document with the type of its schema.
 * @param isGood the schema's quickCheck, for a document that may be long
 * @throws {Unreadable}
 */
export function ofSchema<T extends z.core.$ZodType>(
  value: unknown,
  schema: T,
  isGood?: (value: unknown) => value is z.infer<T>,
): z.infer<T> {
  if (isGood?.(value)) return value;
  const parsed = z.safeParse(schema, value);
  if (!parsed.success) throw new Unreadable(`is not as wanted (${firstIssue(parsed.error)})`, false);
  return parsed.data;
}

/** Reads as readDocument does; returns undefined where the file does not exist. */
export function readIfThere<T extends z.core.$ZodType>(path: string, schema: T): z.infer<T> | undefined {
  try {
    return readDocument(path, schema);
  } catch (error) {
    if (error instanceof Unreadable && error.absent) return undefined;
    throw error;
  }
}

/** Returns an Unreadable as the error that a user sees. */
export function inputError(what: string, path: string, error: unknown, next: string): FarmError {
  const fault = error instanceof Unreadable ? error.fault : null;
  const text = errorText(error);
  const why = fault ? text.replace("cannot be read: ", "") : error instanceof Unreadable ? `it ${text}` : text;
  return new FarmError(
    "input",
    `Cannot read ${what} "${shownPath(path)}": ${why}`,
    (fault && adviceFor(fault)) ?? next,
  );
}

/**
 * Calls `read`.
 * @param what the file, as in "the manifest"
 * @param next the next step where the file can be read, and holds something else
 * @throws {FarmError} input, when it cannot be read
 */
export function explainRead<T>(what: string, path: string, next: string, read: (path: string) => T): T {
  try {
    return read(path);
  } catch (error) {
    throw inputError(what, path, error, next);
  }
}

/** Returns the last `most` bytes of a regular file as text; empty where there is none. */
export function readTail(path: string, most = 64 * 1024): string {
  try {
    if (!Deno.lstatSync(path).isFile) return "";
    return whileOpen(Deno.openSync(path), (file) => {
      const { size } = file.statSync();
      const bytes = Math.min(size, most);
      file.seekSync(size - bytes, Deno.SeekMode.Start);
      return new TextDecoder().decode(readNext(file, bytes)).trimEnd();
    });
  } catch {
    return "";
  }
}
