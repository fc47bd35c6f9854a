import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));

interface Held {
  file: string;
  name: string;
}

/** The tests that a page names: each name belongs to the file before it. */
function testsNamed(page: string): Held[] {
  const text = page.replaceAll(/\s+/g, " ");
  const found: Held[] = [];
  let file = "";
  for (const [, path, name] of text.matchAll(/`(tests\/[^`]+\.ts)`|"([^"]+)"/g)) {
    if (path !== undefined) file = path;
    else if (name !== undefined) found.push({ file, name });
  }
  return found;
}

/** Whether a text stands inside a string of a source: a name with `${…}` in it is known by what stands beside that. */
function isNameIn(source: string, name: string): boolean {
  return source.split("\n").some((line) => {
    const at = line.indexOf(name);
    return at > 0 && /["`]/.test(line.slice(0, at)) && /["`]/.test(line.slice(at + name.length)) &&
      !line.trimStart().startsWith("//");
  });
}

function isThere({ file, name }: Held): boolean {
  return existsSync(`${root}/${file}`) && isNameIn(readFileSync(`${root}/${file}`, "utf8"), name);
}

Deno.test("every test that docs/promises.md names exists, under that name", () => {
  const page = readFileSync(`${root}/docs/promises.md`, "utf8");
  const named = testsNamed(page);
  assert.ok(named.length > 60, `only ${named.length} tests were found: this test has gone blind`);
  assert.deepEqual(named.filter((one) => !isThere(one)), []);
});

Deno.test("every promise of docs/promises.md names a test", () => {
  const page = readFileSync(`${root}/docs/promises.md`, "utf8");
  const promises = page.split(/\n(?=- |\n)/).filter((part) => part.startsWith("- "));
  assert.ok(promises.length > 40, `only ${promises.length} promises were found`);
  assert.deepEqual(promises.filter((promise) => testsNamed(promise).every(({ file }) => file === "")), []);
});

Deno.test("a test that was renamed or moved would be seen", () => {
  const [first] = testsNamed(
    '- A promise: `tests/scripts/promises_test.ts` "a test that was renamed\n  or moved would"',
  );
  assert.ok(first && isThere(first));
  assert.ok(!isThere({ ...first, name: "a test that was renamed and never".toUpperCase() }));
  assert.ok(!isThere({ ...first, file: "tests/scripts/gone_test.ts" }));
});
