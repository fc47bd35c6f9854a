import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const ROOMS = ["core", "runtime", "schedulers", "commands"];

function filesIn(folder: string): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = `${folder}/${entry.name}`;
    return entry.isDirectory() ? filesIn(path) : entry.name.endsWith(".ts") ? [path] : [];
  });
}

const foldersOf = (files: string[]) => [...new Set(files.map((file) => dirname(file)))].sort();
const tests = ROOMS.flatMap((room) => filesIn(`tests/${room}`));

Deno.test("A unit test is in the folder of tests/ with the name of its sources' folder", () => {
  const folders = foldersOf(tests.filter((file) => file.endsWith("_test.ts")));
  const sources = foldersOf(ROOMS.flatMap(filesIn));
  assert.deepEqual(folders.filter((folder) => !sources.includes(folder.replace("tests/", ""))), []);
});

Deno.test("A unit test with the name of a source of runtime/ is in its folder", () => {
  const nameOf = (file: string) => basename(file).replace(/(_test)?\.ts$/, "");
  const sources = Map.groupBy(filesIn("runtime"), nameOf);
  const wrong = filesIn("tests/runtime").filter((file) => file.endsWith("_test.ts")).filter((file) => {
    const same = sources.get(nameOf(file)) ?? [];
    return same.length > 0 && !same.some((source) => `tests/${dirname(source)}` === dirname(file));
  });
  assert.ok(sources.size > 50);
  assert.deepEqual(wrong, []);
});

/** Files of this repository that a file imports, in whatever way. */
function importsOf(file: string): string[] {
  const text = readFileSync(join(root, file), "utf8");
  const found = text.matchAll(/(?:\bfrom|\bimport|\bimport\()\s*"(\.[^"]+)"/g);
  return [...found].map(([, to = ""]) => normalize(join(dirname(file), to)));
}

/** Sources that a unit test, or one of its helpers, imports by name: what runs only through others is not among them. */
const tested = foldersOf(tests.flatMap(importsOf).filter((file) => ROOMS.some((room) => file.startsWith(`${room}/`))));

Deno.test("No folder of the product is without unit tests", () => {
  const sources = foldersOf(ROOMS.flatMap(filesIn));
  assert.ok(sources.length > 10, `only ${sources.length} folders were found: this test has gone blind`);
  assert.deepEqual(sources.filter((folder) => !tested.includes(folder)), []);
});
