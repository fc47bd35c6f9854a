import { identityNow } from "./identity.ts";

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
