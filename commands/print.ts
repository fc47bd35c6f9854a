import { errorText, FarmError, systemCode } from "../core/errors.ts";

/** A terminal that has gone away, or a pipe that nobody reads any more: what was to be said there is not missed. */
const NOBODY_READS = new Set(["EPIPE", "EIO"]);

/**
 * Writes to stdout: the answer.
 * @throws {FarmError} input, when it cannot be written to where it was redirected
 */
export function printAnswer(text: string): void {
  try {
    console.log(text);
  } catch (error) {
    if (NOBODY_READS.has(systemCode(error) ?? "")) return;
    throw new FarmError("input", `Cannot print the answer: ${errorText(error)}`, "Send it to where there is space");
  }
}

/** Writes to stderr. Work goes on, and its ends are recorded, whether or not anybody can be told. */
export function printNote(text: string): void {
  try {
    console.error(text);
  } catch {
    // see above
  }
}
