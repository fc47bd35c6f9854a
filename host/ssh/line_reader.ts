/** A stream of bytes as lines, or as so many bytes: what a host sends is both. */
export class LineReader {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  #left: Uint8Array<ArrayBufferLike> = new Uint8Array();

  constructor(stream: ReadableStream<Uint8Array>) {
    this.#reader = stream.getReader();
  }

  /** The next line without its end; null at the end of the stream. @throws when a line is longer than 1 MiB */
  async line(): Promise<string | null> {
    const parts: Uint8Array[] = [];
    for (let bytes = 0; bytes < MAX_LINE_BYTES;) {
      const end = this.#left.indexOf(0x0a);
      if (end >= 0) {
        parts.push(this.#take(end));
        this.#take(1);
        return textOf(parts);
      }
      bytes += this.#left.length;
      parts.push(this.#take(this.#left.length));
      if (!await this.#more()) return null;
    }
    throw new Error("a line of more than 1 MiB came");
  }

  /** The next so many bytes, in pieces as they come. @throws when the stream ends before */
  async *bytes(count: number): AsyncGenerator<Uint8Array> {
    for (let missing = count; missing > 0;) {
      if (this.#left.length === 0 && !await this.#more()) throw new Error("the connection broke");
      const piece = this.#take(Math.min(missing, this.#left.length));
      missing -= piece.length;
      yield piece;
    }
  }

  #take(count: number): Uint8Array {
    const piece = this.#left.subarray(0, count);
    this.#left = this.#left.subarray(count);
    return piece;
  }

  async #more(): Promise<boolean> {
    const { value, done } = await this.#reader.read();
    if (value) this.#left = value;
    return !done;
  }
}

const MAX_LINE_BYTES = 1024 * 1024;

function textOf(parts: Uint8Array[]): string {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return new TextDecoder().decode(bytes);
}
