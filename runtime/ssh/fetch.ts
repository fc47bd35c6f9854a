import { join } from "node:path";
import { INCOMING } from "../../core/run_paths.ts";
import { quoteWord } from "../../core/shell_quote.ts";
import { explainWrite, makeFolder, removeQuietly, rename, temporaryPath, writeAll } from "../fs/write.ts";
import type { HostLink } from "./link.ts";

/** Files of an attempt; job.txt comes last, since it makes the others count. */
const KINDS = ["out.json", "metrics.json", "stdout", "stderr", "job.txt"];

/** Number of attempts that one call fetches at most. */
const BATCH = 32;
const MAX_BYTES = 1024 * 1024 * 1024;

interface Wanted {
  /** shard_<i>.<attempt> */
  stem: string;
  arrived: () => void;
  failed: (error: unknown) => void;
}

/** Brings the files of ended attempts into incoming/. Requests during a call go together in the next. */
export class Fetcher {
  #wanted: Wanted[] = [];
  #working = false;

  constructor(readonly link: HostLink, readonly dir: string) {}

  /**
   * Fetches the files of an attempt.
   * @throws when the connection breaks, and {FarmError} input when they cannot be written here
   */
  fetch(stem: string): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#wanted.push({ stem, arrived: resolve, failed: reject });
    if (!this.#working) this.#work();
    return promise;
  }

  async #work(): Promise<void> {
    this.#working = true;
    while (this.#wanted.length > 0) {
      const batch = this.#wanted.splice(0, BATCH);
      try {
        await fetchAll(this.link, this.dir, batch.map(({ stem }) => stem));
        for (const { arrived } of batch) arrived();
      } catch (error) {
        for (const { failed } of batch) failed(error);
      }
    }
    this.#working = false;
  }
}

async function fetchAll(link: HostLink, dir: string, stems: string[]): Promise<void> {
  const names = stems.flatMap((stem) => KINDS.map((kind) => `${stem}.${kind}`));
  const session = link.session(script(link.folder, names));
  makeFolder(join(dir, INCOMING));
  for (const { name, bytes } of await readSizes(session.out, new Set(names))) {
    const path = join(dir, INCOMING, name);
    await writePieces(path, session.out.bytes(bytes));
  }
  await session.closeInput();
  const fault = await session.ended;
  if (fault !== null) throw new Error(fault);
}

/** Line before the sizes: a login script or a ForceCommand may print lines of its own first. */
const SIZES_FOLLOW = "nsfarm-sizes-follow";

/** Returns a script that prints all sizes, a line each, up to the line of their total; then the bytes of all files. */
function script(folder: string, names: string[]): string {
  return [
    `cd ${quoteWord(`${folder}/${INCOMING}`)} || exit 1`,
    `for name in ${names.join(" ")}; do [ -f "$name" ] && set -- "$@" "$name"; done`,
    // Two more, so that there is always a line with their total.
    `printf '\\n%s\\n' ${SIZES_FOLLOW}`,
    `LC_ALL=C wc -c "$@" /dev/null /dev/null && cat "$@" /dev/null`,
    "exit 0",
  ].join("\n");
}

type Lines = { line(): Promise<string | null> };

async function readSizes(out: Lines, wanted: Set<string>): Promise<{ name: string; bytes: number }[]> {
  const found: { name: string; bytes: number }[] = [];
  let line = await out.line();
  while (line !== null && line !== SIZES_FOLLOW) line = await out.line();
  for (line = await out.line(); line !== null; line = await out.line()) {
    const [, size, name = ""] = /^ *(\d+) (.+)$/.exec(line) ?? [];
    const bytes = Number(size);
    if (name === "total") return found;
    if (name === "/dev/null") continue;
    if (!wanted.has(name) || !(bytes <= MAX_BYTES)) throw new Error(`it sent a file that was not requested: ${name}`);
    found.push({ name, bytes });
  }
  throw new Error("the connection broke");
}

async function writePieces(path: string, pieces: AsyncIterable<Uint8Array>): Promise<void> {
  const temporary = temporaryPath(path);
  const file = explainWrite(path, () => Deno.openSync(temporary, { write: true, createNew: true, mode: 0o640 }));
  try {
    for await (const piece of pieces) explainWrite(path, () => writeAll(file, piece));
    explainWrite(path, () => rename(temporary, path));
  } catch (error) {
    removeQuietly(temporary);
    throw error;
  } finally {
    file.close();
  }
}
