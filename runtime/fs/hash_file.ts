import { createHash } from "node:crypto";
import { orElse } from "../../core/errors.ts";
import { whileOpen } from "./open.ts";

/** Returns size and sha256 (hex) of a file, read in pieces. */
export function hashFile(path: string): { bytes: number; sha256: string } {
  const hash = createHash("sha256");
  const buffer = new Uint8Array(1024 * 1024);
  let bytes = 0;
  whileOpen(Deno.openSync(path), (file) => {
    for (let n = file.readSync(buffer); n !== null; n = file.readSync(buffer)) {
      hash.update(buffer.subarray(0, n));
      bytes += n;
    }
  });
  return { bytes, sha256: hash.digest("hex") };
}

/** Returns the sha256 of a text or bytes, in hex. */
export const sha256Of = (data: string | Uint8Array): string => createHash("sha256").update(data).digest("hex");

/** Returns the attributes of a regular file; null where there is none or it cannot be inspected. */
export const infoOf = (path: string): Deno.FileInfo | null =>
  orElse(null, () => {
    const info = Deno.lstatSync(path);
    return info.isFile ? info : null;
  });

/** Returns whether a file was last written before another one and is readable by everyone who may read the other. */
export function isBeside(info: Deno.FileInfo, later: Deno.FileInfo): boolean {
  const readers = (later.mode ?? 0) & 0o444;
  const isReadable = info.uid === later.uid && info.gid === later.gid && ((info.mode ?? 0) & readers) === readers;
  return isReadable && (info.mtime?.getTime() ?? NaN) < (later.mtime?.getTime() ?? NaN);
}
