import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const ROOMS = ["core", "host", "schedulers", "commands"];

function filesIn(folder: string): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = `${folder}/${entry.name}`;
    return entry.isDirectory() ? filesIn(path) : entry.name.endsWith(".ts") ? [path] : [];
  });
}

const foldersOf = (files: string[]) => [...new Set(files.map((file) => dirname(file)))].sort();
const tests = ROOMS.flatMap((room) => filesIn(`tests/${room}`));

Deno.test("A unit test lies in the folder of tests/ that has the name of the folder of the sources it is about", () => {
  const folders = foldersOf(tests.filter((file) => file.endsWith("_test.ts")));
  const sources = foldersOf(ROOMS.flatMap(filesIn));
  assert.deepEqual(folders.filter((folder) => !sources.includes(folder.replace("tests/", ""))), []);
});
