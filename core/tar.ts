/**
 * Header of a tar file in the ustar format (POSIX.1-2017, pax, "ustar Interchange Format"): a regular file of less than
 * 8 GiB, with a name of up to 100 bytes, or of up to 155 more in folders before it.
 */
export interface TarFile {
  name: string;
  bytes: number;
  /** Last modification, in whole seconds since 1970. */
  mtime_s: number;
}

export const TAR_BLOCK = 512;

/** Returns the number of bytes between a file's content and the next block. */
export const tarPadding = (bytes: number): number => (TAR_BLOCK - bytes % TAR_BLOCK) % TAR_BLOCK;

/** Most bytes of a file: eleven octal digits. */
export const MOST_TAR_BYTES = 8 ** 11 - 1;

const bytesOf = (text: string): number => new TextEncoder().encode(text).length;

/** Returns the folders and the rest of a name as the two fields of a header take them; null: it does not fit. */
function splitName(name: string): { prefix: string; rest: string } | null {
  if (bytesOf(name) <= 100) return { prefix: "", rest: name };
  for (let at = name.indexOf("/"); at >= 0; at = name.indexOf("/", at + 1)) {
    const [prefix, rest] = [name.slice(0, at), name.slice(at + 1)];
    if (bytesOf(prefix) <= 155 && bytesOf(rest) <= 100 && rest !== "") return { prefix, rest };
  }
  return null;
}

/** Returns whether a file can have this name in a tar. */
export const isTarName = (name: string): boolean => splitName(name) !== null;

/** Returns the header's block of 512 bytes. @throws {Error} for a name or a size that does not fit the format */
export function tarHeader({ name, bytes, mtime_s }: TarFile): Uint8Array<ArrayBuffer> {
  const header = new Uint8Array(TAR_BLOCK);
  const put = (text: string, at: number, most: number) => {
    const encoded = new TextEncoder().encode(text);
    if (encoded.length > most) throw new Error(`"${text}" does not fit into a tar header`);
    header.set(encoded, at);
  };
  const octal = (value: number, digits: number) => Math.floor(value).toString(8).padStart(digits, "0");
  const split = splitName(name);
  if (!split) throw new Error(`"${name}" does not fit into a tar header`);
  put(split.rest, 0, 100);
  put(octal(0o644, 7), 100, 7);
  put(octal(0, 7), 108, 7);
  put(octal(0, 7), 116, 7);
  put(octal(bytes, 11), 124, 11);
  put(octal(Math.max(0, mtime_s), 11), 136, 11);
  put("        ", 148, 8);
  put("0", 156, 1);
  put("ustar\u000000", 257, 8);
  put(split.prefix, 345, 155);
  put(`${octal(sumOf(header), 6)}\u0000 `, 148, 8);
  return header;
}

/** Reads a header of tarHeader(), byte for byte; null for the zeros at the end. @throws {Error} for any other header */
export function readTarHeader(header: Uint8Array): TarFile | null {
  if (header.every((byte) => byte === 0)) return null;
  const text = (from: number, to: number) => new TextDecoder().decode(header.subarray(from, to)).replace(/\0+$/, "");
  const prefix = text(345, 500);
  const file = {
    name: prefix === "" ? text(0, 100) : `${prefix}/${text(0, 100)}`,
    bytes: Number.parseInt(text(124, 135), 8),
    mtime_s: Number.parseInt(text(136, 147), 8),
  };
  const wanted = file.bytes >= 0 && file.mtime_s >= 0 ? tarHeader(file) : null;
  if (wanted?.every((byte, i) => byte === header[i])) return file;
  throw new Error("has a header that is not as archive writes it; unpack it, and verify the folder");
}

const sumOf = (header: Uint8Array): number => header.reduce((sum, byte) => sum + byte, 0);
