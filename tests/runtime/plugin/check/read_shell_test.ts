import fc from "fast-check";
import assert from "node:assert/strict";
import { quoteWord } from "../../../../core/shell_quote.ts";
import { readShell } from "../../../../runtime/plugin/check/render.ts";

const word = fc.string({ unit: fc.constantFrom(..."'\"\\$`# \n;ab*{{%") });

Deno.test("readShell() returns every word that quoteWord() wrote, with no active sign", () => {
  fc.assert(fc.property(word, (text) => {
    assert.equal(readShell(`x=${quoteWord(text)}`).code, `x=${text}`);
  }));
});

for (
  const [what, script, code] of [
    ["a dollar without quotes", "cd $x", "cd \0$\0x"],
    ["a dollar in double quotes", 'cd "$x"', "cd \0$\0x"],
    ["a command in double quotes", 'cd "`id`"', "cd \0`\0id`\0"],
    ["a backslash before a dollar", "a\\$x", "a$x"],
    ["a backslash that is one in double quotes", '"a\\bc"', "a\\bc"],
    ["a line that goes on", "a\\\nb", "ab"],
    ["a number sign inside a word", "a#b", "a#b"],
  ] as const
) {
  Deno.test(`readShell() reads ${what}`, () => assert.equal(readShell(script).code, code));
}

Deno.test("readShell() separates comments, also after a command, but not those inside quotes", () => {
  const { code, comments } = readShell("#!/bin/sh\n# it's one\nx='# none' # two\n#SBATCH --a=\"b\"");
  assert.deepEqual(comments, ["#!/bin/sh", "# it's one", "# two", '#SBATCH --a="b"']);
  assert.match(code, /x=# none/);
});
