import { createHash } from "node:crypto";

/** Returns size and sha256 (hex) of a file, read in pieces. */
export function hashFile(path: string): { bytes: number; sha256: string } {
  const hash = createHash("sha256");
  const buffer = new Uint8Array(1024 * 1024);
  const file = Deno.openSync(path, { read: true });
  let bytes = 0;
  try {
    for (let n = file.readSync(buffer); n !== null; n = file.readSync(buffer)) {
      hash.update(buffer.subarray(0, n));
      bytes += n;
    }
  } finally {
    file.close();
  }
  return { bytes, sha256: hash.digest("hex") };
}

/** Returns the sha256 of a text or bytes, in hex. */
export const sha256Of = (data: string | Uint8Array): string => createHash("sha256").update(data).digest("hex");

/**
 * Returns when a file was last changed, in ms since the epoch; null where it does not exist. Jobs compare it, with the
 * size, before they hash.
 */
export function mtime_ms(path: string): number | null {
  return Deno.statSync(path).mtime?.getTime() ?? null;
}
