/**
 * Runs `work` while no other process that shares the file system does so under the same lock file. The lock goes with
 * its process, however that ends (flock(2)). Where a file system has no locks, or the folder is not ours, `work` is run
 * without.
 */
export async function whileLocked<T>(path: string, work: () => Promise<T>): Promise<T> {
  const file = openLock(path);
  try {
    await file?.lock(true).catch(() => {});
    return await work();
  } finally {
    file?.close();
  }
}

/** The same, for what takes no time. */
export function whileLockedSync<T>(path: string, work: () => T): T {
  const file = openLock(path);
  try {
    lockQuietly(file);
    return work();
  } finally {
    file?.close();
  }
}

function openLock(path: string): Deno.FsFile | undefined {
  try {
    return Deno.openSync(path, { read: true, write: true, create: true, mode: 0o640 });
  } catch {
    return undefined;
  }
}

function lockQuietly(file: Deno.FsFile | undefined): void {
  try {
    file?.lockSync(true);
  } catch {
    // a file system without locks
  }
}
