import { fileURLToPath } from "node:url";
import { errorText, EXIT_CODES, orElse } from "../../core/errors.ts";
import { isAbsent } from "../../core/file_fault.ts";
import type { Command, CommandResult } from "../../schedulers/adapter.ts";

/** Size above which the output of a scheduler's command counts as a fault. */
const OUTPUT_CAP_BYTES = 64 * 1024 * 1024;

/** Time without output after which an ended program's pipes are closed: leftover children may hold them open. */
const LATE_OUTPUT_MS = 750;

/**
 * Runs a program to its end without a shell or a terminal. It has its own process group, which is killed at its time
 * limit or when its output exceeds 64 MiB. Never throws: faults are in the result.
 */
export async function runProgram(command: Command): Promise<CommandResult> {
  if (queryLimit?.stop.aborted) return { ...NOTHING, timed_out: true };
  let child: Deno.ChildProcess;
  try {
    child = spawn(command);
  } catch (error) {
    return { ...NOTHING, spawn_error: startFault(command, error) };
  }
  let stopped = false;
  const pipes = new Pipes();
  const stop = () => {
    stopped = true;
    killGroup(child.pid, "SIGKILL");
  };
  RUNNING.add(stop);
  const timer = setTimeout(stop, Math.min(command.timeout_s, queryLimit?.most_s ?? Infinity) * 1000);
  const ended = child.status.then((status) => {
    pipes.closeWhenSilent();
    return status;
  });
  try {
    const [stdout, stderr, , status] = await Promise.all([
      readCapped(child.stdout, stop, pipes),
      readCapped(child.stderr, stop, pipes),
      feed(child, command.stdin, pipes),
      ended,
    ]);
    const exit_code = stopped || status.signal ? null : status.code;
    return { exit_code, signal: status.signal, stdout, stderr, timed_out: stopped, spawn_error: null };
  } finally {
    clearTimeout(timer);
    RUNNING.delete(stop);
    pipes.leave();
  }
}

/** Returns why a command could not be started, in words. */
export function startFault({ argv: [program = ""], cwd }: Pick<Command, "argv" | "cwd">, error: unknown): string {
  const fault = errorText(error);
  if (cwd !== undefined && infoAt(cwd) === null) return `the folder "${cwd}" is not there`;
  if (!program.includes("/")) return isAbsent(error) ? `no program "${program}" is on PATH` : fault;
  const info = infoAt(program);
  if (info === null) return "it is not there";
  if (!info.isFile) return "it is no file";
  if (info.mode !== null && (info.mode & 0o111) === 0) return "it is not executable";
  return isAbsent(error) ? "the interpreter or loader that it names is not there" : fault;
}

const infoAt = (path: string): Deno.FileInfo | null => orElse(null, () => Deno.statSync(path));

/** Functions that stop the programs that run now. */
const RUNNING = new Set<() => void>();

/** Limits of all programs during read-only work. */
let queryLimit: { stop: AbortSignal; most_s: number } | undefined;

/**
 * Calls `work`, which only queries. Once `stop` is aborted all running programs are stopped and no other starts, except
 * those that read /proc (answerOf): without them a living process could not be distinguished from a dead one.
 * @param most_s time limit of each program, in seconds
 */
export async function endingPrograms<T>(stop: AbortSignal, work: () => Promise<T>, most_s = Infinity): Promise<T> {
  const before = queryLimit;
  queryLimit = { stop, most_s: Math.min(most_s, before?.most_s ?? Infinity) };
  const end = () => RUNNING.forEach((one) => one());
  stop.addEventListener("abort", end);
  try {
    return await work();
  } finally {
    stop.removeEventListener("abort", end);
    queryLimit = before;
  }
}

/** The pipes of a program: closed from this side when it has ended and no more output comes. */
class Pipes {
  readonly #closing = new AbortController();
  #timer: ReturnType<typeof setTimeout> | undefined;
  bytes = 0;

  onClose(close: () => Promise<void>): void {
    this.#closing.signal.addEventListener("abort", () => close().catch(() => {}));
  }

  /** Closes the pipes after two checks without output: the first may itself be late, before waiting output was read. */
  closeWhenSilent(checks = 2): void {
    const before = this.bytes;
    this.#timer = setTimeout(() => {
      if (this.bytes > before) this.closeWhenSilent();
      else if (checks > 1) this.closeWhenSilent(checks - 1);
      else this.#closing.abort();
    }, LATE_OUTPUT_MS);
  }

  leave(): void {
    clearTimeout(this.#timer);
  }
}

const NOTHING: CommandResult = {
  exit_code: null,
  signal: null,
  stdout: "",
  stderr: "",
  timed_out: false,
  spawn_error: null,
};

function spawn(command: Command): Deno.ChildProcess {
  const [program, ...args] = command.argv;
  if (program === undefined) throw new Error("no program named");
  return new Deno.Command(program, {
    args,
    ...(command.cwd === undefined ? {} : { cwd: command.cwd }),
    stdin: command.stdin === undefined ? "null" : "piped",
    stdout: "piped",
    stderr: "piped",
    detached: true,
  }).spawn();
}

/** Kills a process group; one that is gone already is no error. */
export const killGroup = (pid: number, signal: Deno.Signal): void => orElse(undefined, () => Deno.kill(-pid, signal));

async function feed(child: Deno.ChildProcess, stdin: string | undefined, pipes: Pipes): Promise<void> {
  if (stdin === undefined) return;
  const writer = child.stdin.getWriter();
  pipes.onClose(() => writer.abort());
  try {
    await writer.write(new TextEncoder().encode(stdin));
    await writer.close();
  } catch {
    // the exit code judges a program that does not read its input to the end
  }
}

async function readCapped(stream: ReadableStream<Uint8Array>, stop: () => void, pipes: Pipes): Promise<string> {
  const reader = stream.getReader();
  pipes.onClose(() => reader.cancel());
  const decoder = new TextDecoder();
  let text = "";
  let bytes = 0;
  for (let read = await reader.read(); !read.done; read = await reader.read()) {
    bytes += read.value.length;
    pipes.bytes += read.value.length;
    if (bytes > OUTPUT_CAP_BYTES) stop();
    else text += decoder.decode(read.value, { stream: true });
  }
  return text + decoder.decode();
}

export interface StopSignals {
  signal: AbortSignal;
  /** Returns the exit code of the signal, or null while none came. */
  exitCode(): number | null;
  close(): void;
}

const CODES: Partial<Record<Deno.Signal, number>> = {
  SIGINT: EXIT_CODES.interrupted,
  SIGTERM: EXIT_CODES.terminated,
  SIGHUP: 129,
  SIGUSR1: EXIT_CODES.terminated,
};

/** Turns signals into an AbortSignal, so that children are stopped and results so far are written. */
export function watchSignals(signals: Deno.Signal[] = ["SIGINT", "SIGTERM", "SIGHUP"]): StopSignals {
  const controller = new AbortController();
  let code: number | null = null;
  const handlers = signals.map((name) => {
    const handler = () => {
      code ??= CODES[name] ?? EXIT_CODES.terminated;
      controller.abort("terminated");
    };
    Deno.addSignalListener(name, handler);
    return { name, handler };
  });
  return {
    signal: controller.signal,
    exitCode: () => code,
    close: () => handlers.forEach(({ name, handler }) => Deno.removeSignalListener(name, handler)),
  };
}

/** Returns what `work` returns, and watches signals until then. */
export async function watchingSignals<T>(work: (signals: StopSignals) => Promise<T>): Promise<T> {
  const signals = watchSignals();
  try {
    return await work(signals);
  } finally {
    signals.close();
  }
}

/** Waits `ms` milliseconds, or until `over` is aborted. */
export function pauseFor(ms: number, over?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (over?.aborted) return resolve();
    const done = () => {
      clearTimeout(timer);
      over?.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    over?.addEventListener("abort", done);
  });
}

/** The permissions of the compiled binary; a development run passes the same ones on. */
export const PERMISSIONS = ["read", "write", "run", "env", "sys"] as const;

/** Returns the argv of this program: the resolved binary, or deno and the sources in development. */
export function ownCommand(): string[] {
  const exec = Deno.realPathSync(Deno.execPath());
  if (Deno.build.standalone) return [exec];
  return [
    exec,
    "run",
    "--quiet",
    "--no-prompt",
    ...PERMISSIONS.map((kind) => `--allow-${kind}`),
    fileURLToPath(new URL("../../main.ts", import.meta.url)),
  ];
}

/** Returns the path that job scripts run: the resolved binary, so that a changed link does not change a run. */
export function ownBinary(): string {
  const exec = Deno.realPathSync(Deno.execPath());
  return Deno.build.standalone ? exec : Deno.env.get("NSFARM_BINARY") ?? exec;
}
