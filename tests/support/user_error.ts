import assert from "node:assert/strict";
import type { Ran } from "./farm.ts";

/**
 * Asserts an error that the user can fix: this exit code, one line with the fault, at most one more line with advice.
 */
export function assertUserError(
  { code, stdout, stderr }: Ran,
  wanted: { code: number; line: RegExp; hint?: RegExp },
): void {
  const notes = stderr.split("\n").filter((line) => !/^(run directory|warning): /.test(line));
  const [line = "", ...rest] = notes.filter((line) => line !== "");
  assert.equal(code, wanted.code, `${stdout}${stderr}`);
  assert.equal(stdout, "");
  assert.match(line, /^nsfarm-deno: \S/);
  assert.match(line, wanted.line);
  assert(rest.length <= 1 && rest.every((hint) => /^ {2}\S/.test(hint)), `more than a line and a hint: ${stderr}`);
  if (wanted.hint) assert.match(rest[0] ?? "", wanted.hint);
}
