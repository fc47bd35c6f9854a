import type { FarmHost } from "../../core/ssh/hosts_file.ts";
import { sshCommand, type SshSettings, takeScript } from "../../core/ssh/ssh_command.ts";
import { sshFault } from "../../core/ssh/ssh_fault.ts";
import { killGroup } from "../machine/run_program.ts";
import { LineReader } from "./line_reader.ts";

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
  const said = readTail(child.stderr);
  const write = (data: string | Uint8Array) => input.write(typeof data === "string" ? encoder.encode(data) : data);
  write(bytes).catch(() => {}); // that it went away is told by its end
  const ended = Promise.all([child.status, said]).then(([{ code, success }, stderr]) =>
    success ? null : sshFault(stderr, code === 255 ? "the connection broke" : `its sh ended with ${code}`)
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
