import assert from "node:assert/strict";
import { nameParts } from "../../scripts/building/binary.ts";

const program = (hashes: [string, string]) =>
  new Map([
    ["main.js", `import{a}from"./chunk-${hashes[0]}.js";import("./job-${hashes[1]}.js");`],
    [`job-${hashes[1]}.js`, `import"./chunk-${hashes[0]}.js";export default 1`],
    [`chunk-${hashes[0]}.js`, `export const a=()=>import("./job-${hashes[1]}.js")`],
    ["never-MENTIONED.js", ""],
  ]);

const named = (parts: Map<string, string>) => nameParts("main.js", (name) => Promise.resolve(parts.get(name) ?? "?"));

Deno.test("nameParts() numbers parts as they are met, whatever the bundler had called them", async () => {
  const one = await named(program(["AAAAAAAA", "BBBBBBBB"]));
  assert.deepEqual([...one], [
    ["main.js", 'import{a}from"./chunk-1.js";import("./job-2.js");'],
    ["chunk-1.js", 'export const a=()=>import("./job-2.js")'],
    ["job-2.js", 'import"./chunk-1.js";export default 1'],
  ]);
  assert.deepEqual(await named(program(["ZZ234567", "A1B2C3D4"])), one);
});
