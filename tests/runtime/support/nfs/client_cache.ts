/** How one client of a file server keeps in mind what it was answered. */
export interface CacheTimes {
  /** For so long a name that was found absent is said to be so, and one that was there to name the same file. */
  names_ms: number;
  absent_ms: number;
  /** Whether all of a folder is forgotten once a listing shows that it changed (NFS), or only what it tells (FUSE). */
  forgets: boolean;
}

interface Entry {
  info: Deno.FileInfo | null;
  at_ms: number;
}

/** The names that a client has in mind. What it does itself it knows; what others do it sees when its time is over. */
export class ClientCache {
  readonly #entries = new Map<string, Entry>();
  readonly #listed = new Map<string, number>();

  constructor(readonly times: CacheTimes, readonly now_ms: () => number) {}

  /** What a look is answered: by the server where nothing is in mind. */
  lookup(path: string, server: (path: string) => Deno.FileInfo): Deno.FileInfo {
    const known = this.#known(path);
    if (known?.info) return known.info;
    if (known) throw absent(path);
    try {
      const info = server(path);
      this.#keep(path, info);
      return info;
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) this.#keep(path, null);
      throw error;
    }
  }

  /** An open asks the server, unless the name is in mind as absent. */
  open(path: string): void {
    if (this.#known(path)?.info === null) throw absent(path);
    this.forget(path);
  }

  /** A listing asks the server. */
  list(folder: string, mtime_ms: number): void {
    const before = this.#listed.get(folder);
    this.#listed.set(folder, mtime_ms);
    if (!this.times.forgets || before === mtime_ms) return;
    for (const path of this.#entries.keys()) {
      if (path.startsWith(`${folder}/`) && !path.slice(folder.length + 1).includes("/")) this.forget(path);
    }
  }

  /** After a change of its own, or one that was refused. */
  forget(...paths: string[]): void {
    for (const path of paths) this.#entries.delete(path);
  }

  clear(): void {
    this.#entries.clear();
    this.#listed.clear();
  }

  #keep(path: string, info: Deno.FileInfo | null): void {
    this.#entries.set(path, { info, at_ms: this.now_ms() });
  }

  #known(path: string): Entry | undefined {
    const entry = this.#entries.get(path);
    if (!entry) return undefined;
    const lasts_ms = entry.info ? this.times.names_ms : this.times.absent_ms;
    if (this.now_ms() - entry.at_ms < lasts_ms) return entry;
    this.#entries.delete(path);
    return undefined;
  }
}

const absent = (path: string) =>
  Object.assign(new Deno.errors.NotFound(`No such file or directory (in mind): ${path}`), { code: "ENOENT" });
