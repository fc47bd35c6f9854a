import fc from "fast-check";
import assert from "node:assert/strict";
import { quoteCommand, quoteWord } from "../../core/shell_quote.ts";
import { runSh, shells } from "../schedulers/support/run_sh.ts";

/** What a program can be given at all: any text without a null byte. */
const word = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.string({ unit: fc.constantFrom(..."'\"\\$`!*?[]{}()<>|&;~#%= \t\n\r-a{{") }),
).filter((text) => !text.includes("\0"));

for (const shell of shells()) {
  Deno.test(`${shell} reads back every word that quoteCommand() wrote, and runs nothing of it`, () => {
    fc.assert(
      fc.property(fc.array(word, { minLength: 1, maxLength: 8 }), (words) => {
        const { code, stdout, stderr } = runSh(quoteCommand(["printf", "%s\\0", ...words]), { shell });
        assert.equal(code, 0, stderr);
        assert.deepEqual(stdout.split("\0").slice(0, -1), words);
      }),
      { numRuns: 60 },
    );
  });

  Deno.test(`${shell} accepts a quoted word as the value of a variable, and as a pattern that matches only itself`, () => {
    fc.assert(
      fc.property(word, (text) => {
        const script = `x=${quoteWord(text)}; case $x in ${quoteWord(text)}) printf '%s' "$x";; *) exit 9;; esac`;
        const { code, stdout } = runSh(script, { shell });
        assert.equal(code, 0);
        assert.equal(stdout, text);
      }),
      { numRuns: 40 },
    );
  });
}

Deno.test("quoteWord() does not quote words that need no quotes", () => {
  for (const plain of ["--seed", "/a/b.json", "mu=1.5", "0/4", "x@y:z,+%"]) assert.equal(quoteWord(plain), plain);
  assert.equal(quoteWord(""), "''");
  assert.equal(quoteWord("it's"), `'it'\\''s'`);
});
