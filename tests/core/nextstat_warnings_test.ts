import assert from "node:assert/strict";
import { addWarnings, countWarnings } from "../../core/fit_quality.ts";

const HESSIAN = "Hessian inversion failed, using diagonal approximation";

for (
  const [where, open] of [["nextstat's own stderr", "\x1b"], ["a record", "\\u001b"], ["the sh wrapper's record", "?"]]
) {
  Deno.test(`warnings are found in ${where}`, () => {
    const line = `${open}[2m2026-11-25T13:14:36.961027Z${open}[0m ${open}[33m WARN${open}[0m ${HESSIAN}`;
    assert.deepEqual(countWarnings([line, line, "something else"]), [{ text: HESSIAN, n_shards: 1, n_lines: 2 }]);
  });
}

Deno.test("a line without colours counts, and a line without a warning does not", () => {
  assert.deepEqual(countWarnings([`2026-11-25T13:14:36.961027Z  WARN ${HESSIAN}`]), [
    { text: HESSIAN, n_shards: 1, n_lines: 1 },
  ]);
  assert.deepEqual(countWarnings(["Error: failed", "WARN", "2026-11-25T13:14:36.961027Z  INFO fine"]), []);
});

const one = (text: string, n_lines: number) => ({ text, n_shards: 1, n_lines });

Deno.test("warnings of all shards are counted by shards and by lines, the most frequent first", () => {
  assert.deepEqual(
    addWarnings([[one("a", 1)], [one("b", 3), one("a", 2)], [], [{ text: "b", n_shards: 2, n_lines: 2 }]]),
    [
      { text: "b", n_shards: 3, n_lines: 5 },
      { text: "a", n_shards: 2, n_lines: 3 },
    ],
  );
});
