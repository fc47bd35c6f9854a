import { isAbsolute } from "node:path";
import { split } from "shlex";
import { FarmError } from "./errors.ts";
import { printable } from "./failure.ts";
import type { Plan } from "./schema/manifest.ts";
import type { PointRecord } from "./schema/sweep.ts";
import { quoteWord } from "./shell_quote.ts";

/** Time limit of the command of --on-end, in seconds. */
export const ON_END_LIMIT_S = 60;

/** Words that only a shell understands. */
const SHELL_WORDS = new Set(["|", "||", "&", "&&", ";", "<", ">", ">>", "2>", "2>&1"]);

/**
 * Returns the words of the command of --on-end, split as a POSIX shell splits words (quotes and backslashes, 2.2 and 2.3
 * of Shell Command Language); nothing is expanded, and no shell runs it. [] for an empty text: no command.
 * @throws {FarmError} usage
 */
export function readOnEnd(text: string): string[] {
  const words = splitWords(text);
  const [program = ""] = words;
  const shell_word = words.find((word) => SHELL_WORDS.has(word) || word.includes("\n"));
  if (shell_word !== undefined) {
    throw unusable(text, `no shell runs it, so ${JSON.stringify(shell_word)} would be an argument of "${program}"`);
  }
  if (words.length > 0 && program === "") throw unusable(text, "its first word is empty");
  return words;
}

function splitWords(text: string): string[] {
  try {
    return split(text);
  } catch {
    throw unusable(text, "a quote or backslash is not closed");
  }
}

const unusable = (text: string, why: string) =>
  new FarmError(
    "usage",
    `Cannot use --on-end ${JSON.stringify(text)}: ${why}`,
    "Name a program and its arguments; put anything else into a script",
  );

/** Returns the words with a program that is named by a relative path under its absolute one. */
export function withAbsoluteProgram(words: readonly string[], absolute: (path: string) => string): string[] {
  const [program, ...args] = words;
  if (program === undefined) return [];
  return [program.includes("/") && !isAbsolute(program) ? absolute(program) : program, ...args];
}

/**
 * Returns words that name the end of a run. A whole run has one end, whatever was repeated; another end has other done
 * shards, or more was begun.
 * @param begun names of what was begun for the shards that are not done
 */
export function endOfRun(plans: readonly Plan[], done: ReadonlySet<number>, begun: readonly string[]): string[] {
  const isWhole = plans.every(({ shard_index }) => done.has(shard_index));
  if (isWhole) return ["whole", ...plans.map(({ shard_index, toy_start }) => `${shard_index} ${toy_start}`)];
  return ["open", ...[...done].sort((a, b) => a - b).map(String), ...begun];
}

/** Returns words that name the end of a sweep; null while a point has not ended. */
export function endOfSweep(points: readonly { run_id: string; record: PointRecord }[]): string[] | null {
  if (points.some(({ record }) => record.state === "open" && record.finished_at_utc === null)) return null;
  const isWhole = points.every(({ record }) => record.state === "done");
  return points.map(({ run_id, record: { state, started_at_utc, finished_at_utc } }) =>
    isWhole ? run_id : `${run_id} ${state} ${finished_at_utc ?? started_at_utc}`
  );
}

/** Result of the command, as of any program. */
interface HookResult {
  exit_code: number | null;
  signal: string | null;
  stderr: string;
  timed_out: boolean;
  spawn_error: string | null;
}

/** Returns one line on how the command of --on-end ended. */
export function describeOnEnd(argv: readonly string[], result: HookResult, limit_s: number): string {
  const { exit_code, signal, timed_out, spawn_error } = result;
  const command = `--on-end ${quoteWord(argv[0] ?? "")}`;
  const ended = exit_code === null ? `was killed by ${signal ?? "a signal"}` : `ended with exit code ${exit_code}`;
  if (exit_code === 0) return `${command} has run`;
  if (spawn_error !== null) return `warning: ${command} could not be started: ${spawn_error}`;
  if (timed_out) return `warning: ${command} was stopped after ${limit_s} s`;
  const [said] = result.stderr.split("\n").map(printable).filter((line) => line !== "");
  return `warning: ${command} ${ended}${said === undefined ? "" : `: ${said.slice(0, 200)}`}`;
}
