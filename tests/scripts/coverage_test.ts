import assert from "node:assert/strict";
import { join } from "node:path";
import { coverageOf, tableText } from "../../scripts/testing/coverage.ts";
import { root } from "../../scripts/tools.ts";

const lcov = (path: string, ran: number, lines: number) =>
  `SF:${join(root, path)}\nFNF:1\nDA:1,${ran}\nLH:${ran}\nLF:${lines}\nend_of_record\n`;

Deno.test("the coverage of a folder counts lines of files that no test has loaded as not run", () => {
  const text = "/** A thing. */\nexport const a = 1;\n\n// why\nexport const b = 2;\n";
  const sources = ["core/a.ts", "core/b.ts", "host/disk/c.ts"].map((path) => ({ path, text }));
  const files = coverageOf(sources, lcov("core/a.ts", 9, 10) + lcov("host/disk/c.ts", 0, 4));
  assert.deepEqual(files.map(({ ran, lines }) => [ran, lines]), [[9, 10], [null, 2], [0, 4]]);
  const rows = tableText(files).split("\n").map((line) => line.trim().split(/\s{2,}/));
  assert.deepEqual(rows.slice(1), [
    ["core", "2", "1", "12", "9", "75 %"],
    ["host/disk", "1", "0", "4", "0", "0 %"],
    ["all", "3", "1", "16", "9", "56 %"],
  ]);
});
