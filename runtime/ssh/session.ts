import type { FarmHost } from "../../core/ssh/hosts_file.ts";
import { sshCommand, sshFault, type SshSettings, takeScript } from "../../core/ssh/ssh_command.ts";
import { killGroup } from "../system/process.ts";

/** A stream of bytes as lines, or as so many bytes: what a host sends is both. */
class LineReader {
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

/** A script that runs on a host, with its input and output here. */
export interface SshSession {
  out: LineReader;
  /** @throws when the connection is gone */
  write(data: string | Uint8Array): Promise<void>;
  closeInput(): Promise<void>;
  /**
   * Resolves when it has ended: null when the script ended with 0, else why not. ssh's own 255 is a fault of the
   * connection, never the end of anything there.
   */
  ended: Promise<string | null>;
  kill(): void;
}

const STDERR_BYTES = 16 * 1024;

/** Starts sh on a host with this script. In a process group of its own: Ctrl-C is for the driver, not for it. */
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
  write(bytes).catch(() => {}); // that it went away is told by its end
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

/** Why a host cannot be used now, in words for the user. */
export class HostFault extends Error {}
