import { errorText, FarmError, systemCode } from "../core/errors.ts";
import { faultWords } from "../core/file_fault.ts";
import type { Output } from "./flags.ts";

/**
 * Errors of a terminal or a pipe that nobody reads any more; output to it is dropped. On a file EIO is a fault of its
 * disk. Asked now, since a terminal that is gone counts as none.
 */
const NOBODY_READS = new Set(["EPIPE", ...Deno.stdout.isTerminal() ? ["EIO"] : []]);

/** Writes the answer to stdout. @throws {FarmError} input, when it cannot be written to where it was redirected */
export function printAnswer(text: string): void {
  answering(() => console.log(text));
}

/** Writes to stdout by `write`; returns whether somebody reads it. @throws {FarmError} input, when its target fails */
export function answering(write: () => void): boolean {
  try {
    write();
    return true;
  } catch (error) {
    if (NOBODY_READS.has(systemCode(error) ?? "")) return false;
    throw new FarmError(
      "input",
      `Cannot print the result: ${faultWords(error) ?? errorText(error)}`,
      "Redirect it to a disk with free space",
    );
  }
}

/** Writes to stderr. Errors are ignored: the work continues, and its results are recorded, without a reader. */
export function printNote(text: string): void {
  try {
    console.error(text);
  } catch {
    // no reader, or a full disk
  }
}

/** Returns the output of a command. @param json whether the answer is a JSON document */
export function makeOutput(json: boolean): Output {
  return {
    json,
    print: (text) => {
      if (!json) printAnswer(text);
    },
    document: (value, stream = false) => {
      if (json) printAnswer(stream ? JSON.stringify(value) : JSON.stringify(value, null, 2));
    },
    note: printNote,
    warn: (text) => printNote(`warning: ${text}`),
  };
}

/** Colours words on stdout: only on a terminal, and not where NO_COLOR is set (no-color.org) or TERM is dumb. */
type Paint = (text: string) => string;

/** Colours for the states of results. */
export interface Paints {
  bold: Paint;
  red: Paint;
  green: Paint;
}

/** Returns the colours, where a terminal shows them; to be called while the environment may be read. */
export function makePaints(): Paints {
  const coloured = Deno.stdout.isTerminal() && !Deno.noColor && Deno.env.get("TERM") !== "dumb";
  const paint = (code: number): Paint => (text) => coloured ? `\u001b[${code}m${text}\u001b[0m` : text;
  return { bold: paint(1), red: paint(31), green: paint(32) };
}
