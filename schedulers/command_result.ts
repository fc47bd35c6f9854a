import { printable } from "../core/failure.ts";
import type { Answer, CommandResult, SubmitAnswer } from "./adapter.ts";

/** Returns a command's message on one line. */
export function commandMessage(result: CommandResult): string {
  if (result.spawn_error !== null) return printable(result.spawn_error);
  if (result.timed_out) return "no answer in time";
  const lines = (result.stderr.trim() || result.stdout.trim()).split("\n").map((line) => printable(line.trim()));
  const text = lines.filter((line) => line !== "").slice(0, 3).join("; ");
  if (text !== "") return text.slice(0, 500);
  return result.signal === null ? `exit ${result.exit_code} without a message` : `killed by ${result.signal}`;
}

/**
 * Reads the job id from the output of a submit command; undefined if there is none. Among several numbers only the
 * token identifies the job's id; after an error no number counts.
 * @param pattern of a whole line; its matching group is the id
 */
function readIds(result: CommandResult, pattern: RegExp): SubmitAnswer | undefined {
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

/** Texts of a scheduler's submit command. */
interface SubmitTexts {
  program: string;
  /** Pattern of a whole line; its matching group is the id. */
  id: RegExp;
  /** Failures to reach the scheduler, after which the job may still appear. */
  no_answer: RegExp;
  /** Refusals by a limit on jobs: fewer jobs, or the same ones later, are accepted. */
  queue_full: RegExp;
  /** Refusals after which nothing is queued. */
  refusals: readonly RegExp[];
  /** Adds advice to a message. */
  explain?: (message: string) => string;
}

export function readSubmission(result: CommandResult, texts: SubmitTexts): SubmitAnswer {
  const { exit_code, stderr, spawn_error } = result;
  const printed = commandMessage(result);
  if (spawn_error !== null) return { kind: "refused", message: `${texts.program} cannot be started: ${printed}` };
  if (isTruncated(result)) return { kind: "unclear", message: printed };
  const read = readIds(result, texts.id);
  if (read) return read;
  if (exit_code === 0 || stderr.trim() === "" || texts.no_answer.test(stderr)) {
    return { kind: "unclear", message: printed };
  }
  const message = texts.explain?.(printed) ?? printed;
  if (texts.queue_full.test(stderr)) return { kind: "refused", message, queue_full: true };
  if (texts.refusals.some((words) => words.test(stderr))) return { kind: "refused", message };
  return { kind: "unclear", answered: true, message };
}

/** Reads the id in the first of our lines, `nsfarm|ID|TEXT`, whose text `isOurs`; null: there is none. */
export function readFound(result: CommandResult, isOurs: (text: string) => boolean): Answer<string | null> {
  if (result.exit_code !== 0) return { kind: "unclear", message: commandMessage(result) };
  for (const line of result.stdout.split("\n")) {
    const [, id, text = ""] = /^nsfarm\|(\d+)\|(.*)$/.exec(line) ?? [];
    if (id !== undefined && isOurs(text)) return { kind: "ok", value: id };
  }
  return { kind: "ok", value: null };
}

/** Reads whether all commands succeeded, or failed for a reason that `isFine`. */
export function readAllDone(results: CommandResult[], isFine: (result: CommandResult) => boolean): Answer<null> {
  const bad = results.find((result) => result.exit_code !== 0 && !isFine(result));
  return bad ? { kind: "unclear", message: commandMessage(bad) } : { kind: "ok", value: null };
}

/** Returns what a command printed; empty where it failed. */
export const printedBy = (result: CommandResult | undefined): string => result?.exit_code === 0 ? result.stdout : "";

/** Returns a decimal number; null for another text. */
export const decimal = (text: string | undefined): number | null =>
  /^\d+(\.\d+)?$/.test(text ?? "") ? Number(text) : null;

/** Returns whether there are lines and all of them match. */
export function isEvery(text: string, pattern: RegExp): boolean {
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  return lines.length > 0 && lines.every((line) => pattern.test(line));
}

/** Returns whether a command was not started, or was stopped before its end. */
export function isTruncated(result: CommandResult): boolean {
  return result.spawn_error !== null || result.timed_out || result.exit_code === null;
}
