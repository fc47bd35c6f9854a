import fs from "node:fs";

/**
 * Makes this machine ask its file server about a name that a listing shows and a look denies, by an attempt to make a
 * folder of that name: it fails, and what was kept in mind about the name is dropped (nfs_mkdir and create_new_entry of
 * the Linux kernel, for NFS and FUSE). Should the name be gone in the meantime, the folder is taken away again, by a call
 * that removes nothing but an empty folder: under a final name it would be taken for a damaged result.
 */
export function showListed(path: string): void {
  try {
    Deno.mkdirSync(path);
    fs.rmdirSync(path);
  } catch {
    // it is there, or nothing may be written here
  }
}
