import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import * as z from "zod/mini";

const Tag = z.object({ kind: z.string() });
const Node = z.object({
  kind: z.string(),
  name: z.string(),
  location: z.object({ filename: z.string() }),
  jsDoc: z.optional(z.object({ tags: z.optional(z.array(Tag)) })),
});
type Node = z.infer<typeof Node>;

const TYPES = ["typeAlias", "interface"];
const root = fileURLToPath(new URL("..", import.meta.url));

/** Everything that another program can import from a file. */
function exportsOf(file: string): Node[] {
  const text = execFileSync(Deno.execPath(), ["doc", "--json", file], { cwd: root, encoding: "utf8" });
  return z.object({ nodes: z.array(Node) }).parse(JSON.parse(text)).nodes.filter(({ kind }) => kind !== "moduleDoc");
}

/** A name, a type's with "type " before it. */
const named = ({ kind, name }: Node) => TYPES.includes(kind) ? `type ${name}` : name;
const hasExample = ({ jsDoc }: Node) => jsDoc?.tags?.some(({ kind }) => kind === "example") ?? false;

Deno.test("Every export of mod.ts is listed: a name that is added or removed is recorded", async () => {
  const known = await readFile(new URL("golden/exports_of_mod.txt", import.meta.url), "utf8");
  assert.deepEqual([...new Set(exportsOf("mod.ts").map(named))].sort(), known.trim().split("\n").sort());
});

/** What an author of an adapter writes and reads, and every function: the contracts of documents are left out. */
const isUsed = ({ kind, location }: Node) =>
  kind === "function" || /\/(schedulers\/adapter|core\/schema\/(scheduler|in_job))/.test(location.filename);

/** The members of an adapter have examples of their own, in what they take and return. */
const PARTS = ["AdapterFacts", "AdapterCalls", "InJob"];

Deno.test("Every function and type of mod.ts that an author of an adapter uses has an example", () => {
  const used = exportsOf("mod.ts").filter((node) => isUsed(node) && !PARTS.includes(node.name));
  const without = [...Map.groupBy(used, ({ name }) => name)].filter(([, nodes]) => !nodes.some(hasExample));
  assert.deepEqual(without.map(([name]) => name), []);
  assert.ok(used.length > 25, `only ${used.length} were found: this test has gone blind`);
});

Deno.test("Every example in the comments of mod.ts has the right types, runs, and is true", () => {
  const nodes = exportsOf("mod.ts").filter(hasExample);
  const files = new Set(nodes.map(({ location }) => fileURLToPath(location.filename)));
  const args = ["test", "-A", "--doc", "--quiet", ...files];
  const { status, stdout, stderr } = spawnSync(Deno.execPath(), args, { cwd: root, encoding: "utf8" });
  assert.equal(status, 0, `${stdout}${stderr}`);
  const ran = Number(/(\d+) passed/.exec(stdout)?.[1]);
  assert.ok(ran >= new Set(nodes.map(({ name }) => name)).size, `only ${ran} examples ran`);
});
