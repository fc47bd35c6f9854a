import { whileOpen } from "../fs/open.ts";
import { namingFile, removeQuietly, writeAll } from "../fs/write.ts";

/** Bytes in memory or in a temporary file. */
export type TextPiece = { bytes: Uint8Array } | { path: string; offset: number; length: number };

/** Keeps texts in memory up to a limit, and beyond it in a temporary file of the given name. */
export class TextStore {
  #room: number;
  #file: Deno.FsFile | undefined;
  #written = 0;

  constructor(readonly path: string, limit_bytes: number) {
    this.#room = limit_bytes;
  }

  put(bytes: Uint8Array): TextPiece {
    if (bytes.length <= this.#room) {
      this.#room -= bytes.length;
      return { bytes };
    }
    const file = this.#file ??= Deno.openSync(this.path, { write: true, createNew: true, mode: 0o600 });
    namingFile(this.path, () => writeAll(file, bytes));
    const piece = { path: this.path, offset: this.#written, length: bytes.length };
    this.#written += bytes.length;
    return piece;
  }

  close(): void {
    this.#file?.close();
    this.#file = undefined;
  }

  /** Removes the temporary file; pieces in it are lost. */
  drop(): void {
    const isMade = this.#file !== undefined || this.#written > 0;
    this.close();
    if (isMade) removeQuietly(this.path);
  }
}

const COPY_BYTES = 1024 * 1024;

/** Writes the bytes of a piece, in parts of at most 1 MiB where they are in a file. */
export function copyPiece(piece: TextPiece, write: (bytes: Uint8Array) => void): void {
  if ("bytes" in piece) return write(piece.bytes);
  whileOpen(Deno.openSync(piece.path), (file) => {
    file.seekSync(piece.offset, Deno.SeekMode.Start);
    let left = piece.length;
    const buffer = new Uint8Array(Math.min(COPY_BYTES, left));
    while (left > 0) {
      const n = file.readSync(buffer.subarray(0, Math.min(left, buffer.length)));
      if (n === null) throw new Error(`"${piece.path}" ended too early`);
      write(buffer.subarray(0, n));
      left -= n;
    }
  });
}

/** Texts joined in shared memory, so that several threads can work on their bytes. */
export class TextBuffer {
  #bytes = new Uint8Array(0);
  #used = 0;

  /** Appends a text, preceded by `between` unless it is the first. */
  append(text: Uint8Array, between: Uint8Array): void {
    const wanted = this.#used + between.length + text.length;
    if (wanted > this.#bytes.length) this.#grow(Math.max(wanted, 2 * this.#bytes.length));
    if (this.#used > 0) this.#write(between);
    this.#write(text);
  }

  /** Returns the bytes in a buffer of their size, and empties this buffer, which keeps its capacity. */
  take(): Uint8Array {
    const bytes = new Uint8Array(new SharedArrayBuffer(this.#used));
    bytes.set(this.#bytes.subarray(0, this.#used));
    this.#used = 0;
    return bytes;
  }

  #write(text: Uint8Array): void {
    this.#bytes.set(text, this.#used);
    this.#used += text.length;
  }

  #grow(length: number): void {
    const bytes = new Uint8Array(length);
    bytes.set(this.#bytes.subarray(0, this.#used));
    this.#bytes = bytes;
  }
}
