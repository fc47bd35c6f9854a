import { printable } from "../core/failure.ts";
import type { CommandResult, SubmitAnswer } from "./adapter.ts";

/** What a command said, on one line, for a person. */
export function commandMessage(result: CommandResult): string {
  if (result.spawn_error !== null) return printable(result.spawn_error);
  if (result.timed_out) return "no answer in time";
  const lines = (result.stderr.trim() || result.stdout.trim()).split("\n").map((line) => printable(line.trim()));
  const text = lines.filter((line) => line !== "").slice(0, 3).join("; ");
  if (text !== "") return text.slice(0, 500);
  return result.signal === null ? `exit ${result.exit_code} without a message` : `killed by ${result.signal}`;
}

/**
 * The job id in what a submit command printed; nothing where there is none. Of several numbers only the token tells which
 * is the job's; after an error none of them is believed.
 * @param pattern of a whole line; its one group that took part is the id
 */
export function readIds(result: CommandResult, pattern: RegExp): SubmitAnswer | undefined {
  const ids = [
    ...new Set(
      result.stdout.split("\n").flatMap((line) => pattern.exec(line.trim())?.slice(1).filter(Boolean) ?? []),
    ),
  ];
  const [id] = ids;
  if (id === undefined) return undefined;
  if (result.exit_code !== 0) return { kind: "unclear", message: commandMessage(result) };
  return ids.length === 1 ? { kind: "ok", value: id } : { kind: "unclear", ids, message: commandMessage(result) };
}

/** Whether there are lines, and the pattern is in each of them. */
export function isEvery(text: string, pattern: RegExp): boolean {
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  return lines.length > 0 && lines.every((line) => pattern.test(line));
}

/** It was not started, or was stopped before its end. */
export function isTruncated(result: CommandResult): boolean {
  return result.spawn_error !== null || result.timed_out || result.exit_code === null;
}
