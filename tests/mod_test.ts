import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import * as z from "zod/mini";

const Documentation = z.object({ nodes: z.array(z.object({ kind: z.string(), name: z.string() })) });
const TYPES = ["typeAlias", "interface"];

/** The names that another program can import, types with "type " before them. */
function exportsOf(file: string): string[] {
  const path = fileURLToPath(new URL(`../${file}`, import.meta.url));
  const text = execFileSync(Deno.execPath(), ["doc", "--json", path], { encoding: "utf8" });
  const { nodes } = Documentation.parse(JSON.parse(text));
  const names = nodes.filter(({ kind }) => kind !== "moduleDoc")
    .map(({ kind, name }) => TYPES.includes(kind) ? `type ${name}` : name);
  return [...new Set(names)].sort();
}

Deno.test("What other programs import from mod.ts is there: a name that goes or comes is written down", async () => {
  const known = await readFile(new URL("golden/exports_of_mod.txt", import.meta.url), "utf8");
  assert.deepEqual(exportsOf("mod.ts"), known.trim().split("\n").sort());
});
