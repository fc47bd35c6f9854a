import { statfsSync } from "node:fs";
import { join } from "node:path";
import { type FileSystem, fileSystemOf } from "../../core/file_system.ts";
import { publishFile } from "../fs/exclusive.ts";
import { exists, removeQuietly, rename, temporaryPath, writeWhole } from "../fs/write.ts";

/** What works in a folder; a run can do without links and locks. */
interface FolderFacts {
  /** Whether link(2) works; else a run gives names by renames. */
  links: boolean;
  /** Whether flock(2) works. */
  locks: boolean;
}

/** Returns the file system of a folder. @throws {Error} where it cannot be asked */
export const fileSystemAt = (folder: string): FileSystem => fileSystemOf(statfsSync(folder).type);

/**
 * Tries in a folder what the commit of a shard needs: a name that replaces no file, and a rename that does.
 * @throws {Error} where one of them does something else, or a file can be neither written nor removed
 */
export function checkFolder(folder: string): FolderFacts {
  const path = join(folder, "file");
  writeWhole(path, "first");
  const second = temporaryPath(path);
  writeWhole(second, "second");
  if (publishFile(second, path)) throw new Error("a link replaced a file that was there");
  rename(second, path);
  if (Deno.readTextFileSync(path) !== "second") throw new Error("a rename did not replace the file");
  const facts = { links: hasLinks(path, join(folder, "link")), locks: hasLocks(join(folder, "lock")) };
  removeQuietly(path);
  if (exists(path)) throw new Error("a removed file is still there");
  return facts;
}

function hasLinks(path: string, link: string): boolean {
  try {
    Deno.linkSync(path, link);
    return true;
  } catch {
    return false;
  }
}

function hasLocks(path: string): boolean {
  const file = Deno.openSync(path, { read: true, write: true, create: true });
  try {
    file.lockSync(true);
    return true;
  } catch {
    return false;
  } finally {
    file.close();
  }
}
