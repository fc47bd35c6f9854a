/** Texts, one behind the other, to be taken as bytes in shared memory, so that several threads can work on them. */
export class TextBuffer {
  #bytes = new Uint8Array(0);
  #used = 0;

  /** Appends a text, and between two texts `between`. */
  append(text: Uint8Array, between: Uint8Array): void {
    const wanted = this.#used + between.length + text.length;
    if (wanted > this.#bytes.length) this.#grow(Math.max(wanted, 2 * this.#bytes.length));
    if (this.#used > 0) this.#write(between);
    this.#write(text);
  }

  /** The bytes so far, in no more memory than they need; the buffer is empty then, with as much room as it had. */
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
