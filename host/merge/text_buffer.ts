const encoder = new TextEncoder();

/** Texts (of ASCII, as all JSON numbers are), one behind the other, as bytes. */
export class TextBuffer {
  #bytes = new Uint8Array(0);
  #used = 0;

  /** Appends a text, and between two texts `between`. */
  append(text: string, between: string): void {
    if (this.#used > 0) this.#write(between);
    this.#write(text);
  }

  /** Gives the bytes so far away; the buffer is empty then, with as much room as it had. */
  take(): Uint8Array {
    const bytes = this.#bytes.subarray(0, this.#used);
    this.#bytes = new Uint8Array(this.#bytes.length);
    this.#used = 0;
    return bytes;
  }

  #write(text: string): void {
    const wanted = this.#used + text.length;
    if (wanted > this.#bytes.length) this.#grow(Math.max(wanted, 2 * this.#bytes.length));
    const { read, written } = encoder.encodeInto(text, this.#bytes.subarray(this.#used));
    if (read !== text.length) throw new Error("A number holds characters that are not ASCII");
    this.#used += written;
  }

  #grow(length: number): void {
    const bytes = new Uint8Array(length);
    bytes.set(this.#bytes.subarray(0, this.#used));
    this.#bytes = bytes;
  }
}
