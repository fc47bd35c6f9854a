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

/** The same of a regular file or a folder, as its server has it now: a look may be answered by a cache, an open is not. */
function openedIdentity(path: string): string | null {
  try {
    const { isFile, isDirectory } = Deno.lstatSync(path);
    if (!isFile && !isDirectory) return null;
    const file = Deno.openSync(path);
    try {
      return identity(file.statSync());
    } finally {
      file.close();
    }
  } catch {
    return null;
  }
}

const identity = ({ dev, ino }: Deno.FileInfo): string | null => ino === null ? null : `${dev} ${ino}`;
