import type { Cause } from "./contracts/kinds.ts";

/** What is known when a fit has ended, before its output is looked at. */
export interface FitEnd {
  exit_code: number | null;
  signal: string | null;
  stderr: string;
  /** Why it could not be started. */
  spawn_error?: string | null;
  /** Why we stopped it. */
  stopped?: "time" | "terminated" | null;
  /** oom_kill events of the job's cgroup during the fit; null where the kernel does not tell. */
  oom_kills?: number | null;
}

const DISK_WORDS = /No space left on device|os error 28|Disk quota exceeded|os error 122/;

/** What Rust's allocator prints before it aborts (library/alloc, handle_alloc_error), and its C++ and C kin. */
const MEMORY_WORDS = /memory allocation of \d+ bytes failed|std::bad_alloc|Cannot allocate memory|os error 12\b/;

/** The cause of a fit's end, or ok when only its output can tell more. Memory only on evidence. */
export function causeOfEnd(end: FitEnd): Cause {
  if (typeof end.spawn_error === "string") return "spawn";
  if (end.stopped) return end.stopped;
  if (end.exit_code === 0) return "ok";
  if ((end.oom_kills ?? 0) > 0 || MEMORY_WORDS.test(end.stderr)) return "memory";
  if (DISK_WORDS.test(end.stderr)) return "disk";
  return end.signal === null ? "exit" : "signal";
}

/** A backtrace of a Rust program: its head, frames ("  12: name") and their places ("     at file:line"). */
const BACKTRACE = /^[ \t]*stack backtrace:[ \t]*\n?(?:[ \t]+(?:\d+:|at )[^\n]*\n?)*/gim;

/** The last lines of a text, without backtraces and control characters, each at most 400 characters. */
export function tailLines(text: string, most = 20): string[] {
  return text.replaceAll(BACKTRACE, "").split("\n").map(printable).filter((line) => line !== "").slice(-most).map((
    line,
  ) => line.slice(0, 400));
}

/** Control characters and marks that turn text around are shown as \uXXXX: stderr of a job must not steer a terminal. */
export function printable(text: string): string {
  // deno-lint-ignore no-control-regex
  const unsafe = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;
  return text.replaceAll(unsafe, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`).trimEnd();
}
