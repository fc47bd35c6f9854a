import { orElse } from "../../core/errors.ts";

/** Returns what `use` returns, and closes the file. */
export function whileOpen<T>(file: Deno.FsFile, use: (file: Deno.FsFile) => T): T {
  try {
    return use(file);
  } finally {
    file.close();
  }
}

/** Returns the next bytes of a file, `most` of them; fewer where it ends. */
export function readNext(file: Deno.FsFile, most: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(most);
  let n = 0;
  for (let got = file.readSync(bytes); got !== null && n < most; got = file.readSync(bytes.subarray(n))) n += got;
  return bytes.subarray(0, n);
}

/** The file under a name, as the server has it where it can be asked; null where there is none. */
type FileIdentity = Pick<Deno.FileInfo, "dev" | "ino" | "isFile">;

/**
 * Returns the identity of the file under a name, by opening it where possible: a lookup may be answered from a cache,
 * an open is not (close-to-open, nfs(5)). Falls back to the lookup for what cannot be opened.
 */
export function identityNow(path: string): FileIdentity | null {
  const lookup = () => orElse(null, () => Deno.lstatSync(path));
  const seen = lookup();
  if (!seen?.isFile && !seen?.isDirectory) return seen;
  return orElse(undefined, () => whileOpen(Deno.openSync(path), (file) => file.statSync())) ?? lookup();
}
