import type { ClientCache } from "./client_cache.ts";

/** Thrown by every file operation of a worker that was killed: none has an effect any more. */
export class Killed extends Error {}

/** An answer of the system that is no truth. */
class Fault extends Error {
  constructor(readonly code: string) {
    super(`${code} (a simulated fault)`);
  }
}

/** Whoever uses the disk now. */
export interface DiskUser {
  isDead: boolean;
  /** What its machine has in mind of the disk; undefined for a disk of its own. */
  cache: ClientCache | undefined;
  /** Called before each change; may kill. */
  change(path: string): void;
  /** What an operation that has been done is answered with all the same. */
  lie(): "EIO" | "EEXIST" | "ENOENT" | null;
  /** Whether a link is not made, and an error is answered. */
  refuses(): boolean;
  /** Called after each name that was given. */
  named(path: string): void;
}

const real = {
  linkSync: Deno.linkSync,
  renameSync: Deno.renameSync,
  mkdirSync: Deno.mkdirSync,
  removeSync: Deno.removeSync,
  openSync: Deno.openSync,
  lstatSync: Deno.lstatSync,
  statSync: Deno.statSync,
  readDirSync: Deno.readDirSync,
};

/** Puts a disk that errs after success before the functions of Deno, as one over NFS does (link(2), BUGS). */
export function installDisk(userNow: () => DiskUser | undefined): () => void {
  const living = () => {
    const user = userNow();
    if (user?.isDead) throw new Killed();
    return user;
  };
  const changing = (path: string, act: () => void, named = false, from = path) => {
    const user = living();
    user?.change(path);
    try {
      act();
    } finally {
      user?.cache?.forget(from, path);
    }
    if (named) user?.named(path);
    const lie = user?.lie() ?? null;
    if (lie !== null) throw new Fault(lie);
  };
  const hooks = {
    linkSync: (from: string, to: string) => {
      if (living()?.refuses()) throw new Fault("EIO");
      changing(to, () => real.linkSync(from, to), true, from);
    },
    renameSync: (from: string, to: string) => changing(to, () => real.renameSync(from, to), true, from),
    mkdirSync: (path: string, options?: Deno.MkdirOptions) => {
      living()?.cache?.forget(path);
      real.mkdirSync(path, options);
    },
    removeSync: (path: string, options?: Deno.RemoveOptions) => changing(path, () => real.removeSync(path, options)),
    openSync: (path: string, options: Deno.OpenOptions = { read: true }) => openFile(living(), path, options),
    lstatSync: (path: string) => lookAt(living(), path, real.lstatSync),
    statSync: (path: string) => lookAt(living(), path, real.statSync),
    readDirSync: (path: string) => {
      const names = real.readDirSync(path);
      living()?.cache?.list(path, real.statSync(path).mtime?.getTime() ?? 0);
      return names;
    },
  };
  for (const [name, value] of Object.entries(hooks)) Reflect.set(Deno, name, value);
  return () => {
    for (const [name, value] of Object.entries(real)) Reflect.set(Deno, name, value);
  };
}

const lookAt = (user: DiskUser | undefined, path: string, server: (path: string) => Deno.FileInfo) =>
  user?.cache ? user.cache.look(path, server) : server(path);

/** Whoever is killed while it writes leaves half of it. */
function openFile(user: DiskUser | undefined, path: string, options: Deno.OpenOptions): Deno.FsFile {
  if (options.write) user?.change(path);
  if (options.createNew) user?.cache?.forget(path);
  else user?.cache?.open(path);
  const file = real.openSync(path, options);
  if (!user || !options.write) return file;
  const write = file.writeSync.bind(file);
  Reflect.set(file, "writeSync", (bytes: Uint8Array) => {
    try {
      if (user.isDead) throw new Killed();
      user.change(path);
    } catch (error) {
      if (error instanceof Killed) write(bytes.subarray(0, bytes.length >> 1));
      throw error;
    }
    return write(bytes);
  });
  return file;
}
