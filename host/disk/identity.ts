/** What lies under a name, as its server has it now where that can be asked; null where there is nothing. */
type FileIdentity = Pick<Deno.FileInfo, "dev" | "ino" | "isFile">;

/**
 * Looks at a name twice: a look may be answered by a cache, an open of a file or a folder is not (close-to-open, nfs(5)).
 * What may not be opened is as the look says.
 */
export function identityNow(path: string): FileIdentity | null {
  const seen = lookAt(path);
  if (!seen?.isFile && !seen?.isDirectory) return seen;
  try {
    const file = Deno.openSync(path);
    try {
      return file.statSync();
    } finally {
      file.close();
    }
  } catch {
    return lookAt(path);
  }
}

function lookAt(path: string): Deno.FileInfo | null {
  try {
    return Deno.lstatSync(path);
  } catch {
    return null;
  }
}
