import { createHash } from "node:crypto";
import { dirname, isAbsolute, join } from "node:path";
import type { FarmManifest } from "../../core/contracts/manifest.ts";
import type { InputFile } from "../../core/contracts/kinds.ts";
import { errorText } from "../../core/errors.ts";
import { faultWords } from "../../core/file_fault.ts";

/** sha256 of a file, read in pieces. */
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

export const sha256Of = (text: string): string => createHash("sha256").update(text).digest("hex");

/** When a file was last changed, in milliseconds: with its size, what a job compares before it hashes anything. */
export function mtime_ms(path: string): number | null {
  return Deno.statSync(path).mtime?.getTime() ?? null;
}

/** Where an input lies: its path is relative to the spec's folder, or absolute. */
export function inputPath(config: string, path: string): string {
  return isAbsolute(path) ? path : join(dirname(config), path);
}

/**
 * Whether the spec and the files that it names are still those of the run, or what is not. Size and time first, a hash
 * only where they differ.
 */
export function inputsFault(manifest: FarmManifest): string | null {
  for (const input of manifest.farm.inputs) {
    const fault = inputFault(manifest, input);
    if (fault) return fault;
  }
  return null;
}

function inputFault(manifest: FarmManifest, input: InputFile): string | null {
  const path = inputPath(manifest.config, input.path);
  try {
    const info = Deno.statSync(path);
    const stamp = manifest.farm.input_mtimes_ms?.[input.path];
    if (info.size === input.bytes && stamp !== undefined && stamp === info.mtime?.getTime()) return null;
    if (info.size === input.bytes && hashFile(path).sha256 === input.sha256) return null;
    return `"${path}" is not the file that the run was rendered with`;
  } catch (error) {
    return `"${path}" cannot be read: ${faultWords(error) ?? errorText(error)}`;
  }
}
