import { Buffer } from "node:buffer";
import type { FarmHost } from "../../core/ssh/hosts_file.ts";
import { sshCommand, sshFault, type SshSettings, takeScript } from "../../core/ssh/ssh_command.ts";
import { killGroup } from "../system/process.ts";

/** Reads a stream as lines or as a number of bytes: a host sends both. */
class LineReader {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  #left: Uint8Array<ArrayBufferLike> = new Uint8Array();

  constructor(stream: ReadableStream<Uint8Array>) {
    this.#reader = stream.getReader();
  }

  /** Returns the next line without its newline; null at the stream's end. @throws when a line is longer than 1 MiB */
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
    throw new Error("a line was longer than 1 MiB");
  }

  /** Yields the next `count` bytes, in pieces as they arrive. @throws when the stream ends before */
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

const textOf = (parts: Uint8Array[]): string => new TextDecoder().decode(Buffer.concat(parts));

/** A script on a host, with its input and output here. */
export interface SshSession {
  out: LineReader;
  /** @throws when the connection is gone */
  write(data: string | Uint8Array): Promise<void>;
  closeInput(): Promise<void>;
  /** Resolves with null when the script ended with 0, else the reason; 255 of ssh itself is a broken connection. */
  ended: Promise<string | null>;
  kill(): void;
}

const STDERR_BYTES = 16 * 1024;

/** Starts sh on a host with this script, in a process group of its own: Ctrl-C is for the driver, not for ssh. */
export function openSession(
  host: FarmHost,
  settings: SshSettings,
  control: string,
  role: "master" | "client",
  script: string,
): SshSession {
  const bytes = new TextEncoder().encode(script);
  const [program = "ssh", ...args] = sshCommand(host, settings, control, role, takeScript(bytes.length));
  const child = new Deno.Command(program, {
    args,
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
    detached: true,
  }).spawn();
  const input = child.stdin.getWriter();
  const printed = readTail(child.stderr);
  const write = (data: string | Uint8Array) => input.write(typeof data === "string" ? encoder.encode(data) : data);
  write(bytes).catch(() => {}); // `ended` reports a lost connection
  const ended = Promise.all([child.status, printed]).then(([{ code, success }, stderr]) =>
    success ? null : sshFault(stderr, code === 255 ? "the connection broke" : `its shell ended with exit ${code}`)
  );
  return {
    out: new LineReader(child.stdout),
    write,
    closeInput: () => input.close().catch(() => {}),
    ended,
    kill: () => killGroup(child.pid, "SIGKILL"),
  };
}

const encoder = new TextEncoder();

async function readTail(stream: ReadableStream<Uint8Array>): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of stream) text = (text + decoder.decode(chunk, { stream: true })).slice(-STDERR_BYTES);
  return text;
}

/** Reason why a host is unusable now, in words for the user. */
export class HostFault extends Error {}
