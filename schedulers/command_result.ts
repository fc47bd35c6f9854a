import { printable } from "../core/find_cause.ts";
import type { CommandResult } from "./adapter.ts";

/** What a command said, on one line, for a person. */
export function saying(result: CommandResult): string {
  if (result.spawn_error !== null) return printable(result.spawn_error);
  if (result.timed_out) return "no answer in time";
  const lines = (result.stderr.trim() || result.stdout.trim()).split("\n").map((line) => printable(line.trim()));
  const text = lines.filter((line) => line !== "").slice(0, 3).join("; ");
  if (text !== "") return text.slice(0, 500);
  return result.signal === null ? `exit ${result.exit_code} and not a word` : `killed by ${result.signal}`;
}

/** It was not started, or was stopped before its end. */
export function isCutShort(result: CommandResult): boolean {
  return result.spawn_error !== null || result.timed_out || result.exit_code === null;
}
