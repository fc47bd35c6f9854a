import { createHash } from "node:crypto";
import { readdir, readFile, stat } from "node:fs/promises";
import { join, relative } from "node:path";

/** Returns every file below a folder by its path there, with its inode and the sha256 of its content. */
export async function filesBelow(folder: string): Promise<Map<string, string>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const found = new Map<string, string>();
  for (const entry of entries.filter((one) => one.isFile())) {
    const path = join(entry.parentPath, entry.name);
    const sha256 = createHash("sha256").update(await readFile(path)).digest("hex");
    found.set(relative(folder, path), `${(await stat(path)).ino} ${sha256}`);
  }
  return new Map([...found].sort());
}
