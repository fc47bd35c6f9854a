import fs from "node:fs";
import { dirname, join } from "node:path";
import { type CacheTimes, ClientCache } from "./client_cache.ts";
import type { Turns } from "./turns.ts";

/** Thrown by every call of a process that was killed: none has an effect any more. */
export class Killed extends Error {}

/** What a call is answered: an errno(3). */
class Fault extends Error {
  constructor(readonly code: string) {
    super(`${code} (a simulated answer)`);
  }
}

/** The process that calls now. */
export interface Caller {
  isDead: boolean;
  /** Lets others go on before a call; may hold it up, and kill. */
  before(): void;
  /** What a change that was made is answered with all the same. */
  lie(): "EIO" | "EEXIST" | "ENOENT" | null;
  /** Whether a change is not made, and an error is answered. */
  refuses(): boolean;
  /** Called after each name that was given. */
  named(path: string): void;
}

/** What the file server can do, and where its locks are held. */
interface ServerRules {
  has_links: boolean;
  has_locks: boolean;
  locks: string;
}

export const real = {
  linkSync: Deno.linkSync,
  renameSync: Deno.renameSync,
  mkdirSync: Deno.mkdirSync,
  removeSync: Deno.removeSync,
  openSync: Deno.openSync,
  lstatSync: Deno.lstatSync,
  statSync: Deno.statSync,
  readDirSync: Deno.readDirSync,
  rmdirSync: fs.rmdirSync,
  utimeSync: Deno.utimeSync,
};

/** When the simulated clock began, in seconds. */
const EPOCH_S = 1_760_000_000;

/** The server's stamp of a change: whole seconds. */
export function stamp(path: string, now_ms: number): void {
  const at_s = EPOCH_S + Math.floor(now_ms / 1000);
  try {
    real.utimeSync(path, at_s, at_s);
  } catch {
    // it is gone already
  }
}

interface Pages {
  mtime_ms: number;
  bytes: Uint8Array;
}

/**
 * One client of a file server, before the functions of Deno. It keeps in mind which names are there and which are not,
 * and what files held that look the same by size and second; what it writes is on the server when it is forced to, or
 * closed. A file that another client removed is stale where it is open; one that it removes itself while it has it open
 * gets a name of its own (.nfsXXXX) until it is closed. An exclusive creation is answered right, as since NFSv3.
 */
export class NfsClient {
  readonly names: ClientCache;
  readonly pages = new Map<number, Pages>();
  /** How often files are open here, by path. */
  readonly opened = new Map<string, number>();
  #silly = 0;

  constructor(readonly turns: Turns, readonly rules: ServerRules, times: CacheTimes, readonly caller: () => Caller) {
    this.names = new ClientCache(times, () => turns.now_ms);
  }

  install(): void {
    const hooks = {
      linkSync: (from: string, to: string) => this.#link(from, to),
      renameSync: (from: string, to: string) => this.#change([from, to], () => this.#rename(from, to), to),
      removeSync: (path: string, options?: Deno.RemoveOptions) =>
        this.#change([path], () => this.#remove(path, options)),
      mkdirSync: (path: string, options?: Deno.MkdirOptions) => this.#makeFolder(path, options),
      openSync: (path: string, options?: Deno.OpenOptions) => this.#open(path, options ?? { read: true }),
      lstatSync: (path: string) => this.#look(path, real.lstatSync),
      statSync: (path: string) => this.#look(path, real.statSync),
      readDirSync: (path: string) => this.#list(path),
    };
    for (const [name, value] of Object.entries(hooks)) Reflect.set(Deno, name, value);
    Reflect.set(fs, "rmdirSync", (path: string) => this.#change([path], () => real.rmdirSync(path)));
  }

  /** Nothing is in mind of a machine that was started again. */
  restarted(): void {
    this.names.clear();
    for (const one of [this.pages, this.opened, this.moved]) one.clear();
  }

  stamp(...paths: string[]): void {
    for (const path of paths) stamp(path, this.turns.now_ms);
  }

  #change(paths: string[], act: () => void, named?: string): void {
    this.caller().before();
    try {
      act();
    } finally {
      this.names.forget(...paths);
      this.stamp(...new Set(paths.map((path) => dirname(path))));
    }
    if (named !== undefined) this.caller().named(named);
    const lie = this.caller().lie();
    if (lie !== null) throw new Fault(lie);
  }

  #link(from: string, to: string): void {
    if (!this.rules.has_links) throw new Fault("EPERM");
    if (this.caller().refuses()) throw new Fault("EIO");
    this.#change([from, to], () => real.linkSync(from, to), to);
  }

  #rename(from: string, to: string): void {
    if (from !== to && this.opened.has(to)) this.#keepOpen(to);
    real.renameSync(from, to);
  }

  #remove(path: string, options?: Deno.RemoveOptions): void {
    if (this.opened.has(path)) this.#keepOpen(path);
    else real.removeSync(path, options);
  }

  /** What is open here keeps its file, under a name that goes when it is closed. */
  #keepOpen(path: string): void {
    const kept = join(dirname(path), `.nfs${String(++this.#silly).padStart(16, "0")}${this.turns.me}`);
    real.renameSync(path, kept);
    this.opened.set(kept, this.opened.get(path) ?? 1);
    this.opened.delete(path);
    this.moved.set(path, kept);
  }

  readonly moved = new Map<string, string>();

  #makeFolder(path: string, options?: Deno.MkdirOptions): void {
    this.caller().before();
    this.names.forget(path);
    if (options?.recursive && isThere(path)) return;
    real.mkdirSync(path, options);
    this.stamp(dirname(path), path);
  }

  #look(path: string, server: (path: string) => Deno.FileInfo): Deno.FileInfo {
    this.caller().before();
    return this.names.lookup(path, server);
  }

  /** Names that are made while it is listed may be in it or not. */
  #list(path: string): Deno.DirEntry[] {
    this.caller().before();
    const first = [...real.readDirSync(path)];
    const part = first.slice(0, this.turns.upTo(first.length + 1));
    const seen = new Set(part.map(({ name }) => name));
    const before = new Set(first.map(({ name }) => name));
    this.caller().before();
    const rest = [...real.readDirSync(path)].filter(({ name }) =>
      !seen.has(name) && (before.has(name) || this.turns.random() < 0.5)
    );
    this.names.list(path, real.statSync(path).mtime?.getTime() ?? 0);
    return [...part, ...rest];
  }

  #open(path: string, options: Deno.OpenOptions): Deno.FsFile {
    this.caller().before();
    if (options.createNew || options.create) this.names.forget(path);
    else this.names.open(path);
    const isNew = !!(options.createNew || options.create) && !isThere(path);
    const file = real.openSync(path, options);
    if (isNew) this.stamp(path, dirname(path));
    this.opened.set(path, (this.opened.get(path) ?? 0) + 1);
    return new OpenFile(this, file, path, !!options.write).file;
  }

  /** @returns the name that it has got meanwhile, if it was removed here while it was open */
  closed(path: string): void {
    const now = this.opened.has(path) ? path : this.moved.get(path) ?? path;
    const others = (this.opened.get(now) ?? 1) - 1;
    if (others > 0) return void this.opened.set(now, others);
    this.opened.delete(now);
    if (now === path) return;
    this.moved.delete(path);
    if (isThere(now)) real.removeSync(now);
  }
}

function isThere(path: string): boolean {
  try {
    real.lstatSync(path);
    return true;
  } catch {
    return false;
  }
}

/** A file that is open at a client. */
class OpenFile {
  readonly file: Deno.FsFile;
  /** As the server had it when it was opened. */
  readonly #info: Deno.FileInfo;
  #written: Uint8Array[] = [];
  #bytes: Uint8Array | undefined;
  #at = 0;
  #lock: string | undefined;

  constructor(readonly client: NfsClient, file: Deno.FsFile, readonly path: string, readonly writes: boolean) {
    const of = {
      statSync: file.statSync.bind(file),
      readSync: file.readSync.bind(file),
      writeSync: file.writeSync.bind(file),
      close: file.close.bind(file),
    };
    this.#info = of.statSync();
    const hooks = {
      statSync: () => {
        client.caller().before();
        return writes ? of.statSync() : this.#info;
      },
      readSync: (into: Uint8Array) => this.#read(into, of),
      seekSync: (offset: number) => this.#at = offset,
      writeSync: (bytes: Uint8Array) => this.#write(bytes, of),
      syncDataSync: () => this.#flush(of, true),
      lockSync: () => this.#takeLock(),
      close: () => this.#close(of),
    };
    for (const [name, value] of Object.entries(hooks)) Reflect.set(file, name, value);
    this.file = file;
  }

  #requireThere(of: Pick<Deno.FsFile, "statSync">): void {
    if (of.statSync().nlink === 0) throw new Fault("ESTALE");
  }

  #read(into: Uint8Array, of: Pick<Deno.FsFile, "statSync" | "readSync">): number | null {
    this.client.caller().before();
    this.#bytes ??= this.#readAll(of);
    const part = this.#bytes.subarray(this.#at, this.#at + into.length);
    into.set(part);
    this.#at += part.length;
    return part.length === 0 ? null : part.length;
  }

  /** What it has in mind of a file of the same size and second is not read again. */
  #readAll(of: Pick<Deno.FsFile, "statSync" | "readSync">): Uint8Array {
    const { ino, size } = this.#info;
    const mtime_ms = this.#info.mtime?.getTime() ?? 0;
    const kept = ino === null ? undefined : this.client.pages.get(ino);
    if (kept && kept.mtime_ms === mtime_ms && kept.bytes.length === size) return kept.bytes;
    this.#requireThere(of);
    const bytes = new Uint8Array(size);
    const n = of.readSync(bytes) ?? 0;
    const read = bytes.subarray(0, n);
    if (ino !== null) this.client.pages.set(ino, { mtime_ms, bytes: read });
    return read;
  }

  #write(bytes: Uint8Array, of: Pick<Deno.FsFile, "writeSync">): number {
    this.#orHalf(of);
    this.#written.push(bytes.slice());
    return bytes.length;
  }

  /** Whoever is killed while it writes leaves a part of it. */
  #orHalf(of: Pick<Deno.FsFile, "writeSync">): void {
    const { caller, turns } = this.client;
    try {
      caller().before();
    } catch (error) {
      if (this.#written.length > 0 && turns.random() < 0.5) {
        const all = joined(this.#written);
        of.writeSync(all.subarray(0, turns.upTo(all.length + 1)));
      }
      this.#written = [];
      throw error;
    }
  }

  #flush(of: Pick<Deno.FsFile, "writeSync" | "statSync">, tells: boolean): void {
    this.#orHalf(of);
    if (this.#written.length === 0) return;
    const all = joined(this.#written);
    this.#written = [];
    const isFull = this.client.caller().refuses();
    if (isFull && !tells) return;
    if (isFull) throw new Fault("EDQUOT");
    if (of.statSync().nlink === 0) {
      if (tells) throw new Fault("ESTALE");
      return;
    }
    for (let done = 0; done < all.length;) done += of.writeSync(all.subarray(done));
    const { ino } = of.statSync();
    if (ino !== null) this.client.pages.delete(ino);
    this.client.names.forget(this.path);
    this.client.stamp(this.path);
  }

  #takeLock(): void {
    const { caller, turns, rules } = this.client;
    if (!rules.has_locks) throw new Fault("ENOLCK");
    const lock = join(rules.locks, this.path.replaceAll("/", "_"));
    for (;;) {
      caller().before();
      try {
        real.mkdirSync(lock);
        this.#lock = lock;
        return;
      } catch {
        turns.pass(turns.now_ms + 5);
      }
    }
  }

  /** That it could not be written is not told by a close (Deno.FsFile.close). */
  #close(of: Pick<Deno.FsFile, "writeSync" | "statSync" | "close">): void {
    try {
      if (!this.client.caller().isDead) this.#flush(of, false);
    } finally {
      of.close();
      this.client.closed(this.path);
      if (this.#lock !== undefined) real.removeSync(this.#lock);
    }
  }
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
