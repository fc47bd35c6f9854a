import assert from "node:assert/strict";
import {
  errorText,
  EXIT_CODES,
  FarmError,
  orElse,
  printedError,
  readPrintedError,
  systemCode,
} from "../../core/errors.ts";

Deno.test("every kind of error has its own exit code, as the contract has it", () => {
  assert.deepEqual(Object.values(EXIT_CODES), [0, 1, 2, 3, 4, 5, 6, 130, 143]);
  assert.deepEqual([new FarmError("usage", "x").exitCode, new FarmError("guardrails", "x").exitCode], [2, 6]);
});

Deno.test("errorText() is one line for anything thrown", () => {
  assert.equal(errorText(new Error("a\n  b\n\nc")), "a; b; c");
  assert.equal(errorText("text"), "text");
  assert.equal(errorText(undefined), "undefined");
});

Deno.test("orElse() returns what the work returns, also nothing, and the other value for anything thrown", () => {
  assert.equal(orElse(5, () => null), null);
  assert.equal(orElse(5, () => JSON.parse("{")), 5);
});

Deno.test("systemCode() is the system's code, and undefined for other errors", () => {
  assert.equal(systemCode(Object.assign(new Error("x"), { code: "ENOSPC" })), "ENOSPC");
  assert.equal(systemCode(Object.assign(new Error("x"), { code: 28 })), undefined);
  assert.equal(systemCode(new Error("x")), undefined);
  assert.equal(systemCode({ code: "ENOSPC" }), undefined);
});

Deno.test("a printed error is read back, also among other lines and without a next step", () => {
  for (const next of ["do this: nsfarm-deno status /r", undefined]) {
    const printed = printedError(new FarmError("input", "Cannot do it: no such file", next));
    assert.deepEqual(readPrintedError(`a note\n${printed}\nmore\n`), { message: "Cannot do it: no such file", next });
  }
  assert.equal(readPrintedError("sh: nsfarm-deno: not found\n"), null);
});
