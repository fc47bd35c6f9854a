import fc from "fast-check";
import assert from "node:assert/strict";
import { specFiles } from "../../core/spec.ts";

Deno.test("specFiles() finds the files of channels and systematics, sorted and once each", () => {
  const spec = {
    channels: [
      { data: { file: "b.parquet" }, processes: [{ systematics: [{ up: { file: "up.parquet" } }] }] },
      { data: { file: "a.parquet" } },
      { data: { file: "b.parquet" } },
    ],
  };
  assert.deepEqual(specFiles(spec), ["a.parquet", "b.parquet", "up.parquet"]);
});

Deno.test("specFiles() finds every file key at any depth", () => {
  const { tree } = fc.letrec((tie) => ({
    tree: fc.oneof(
      { maxDepth: 4 },
      fc.constant(null),
      fc.record({ file: fc.string() }),
      fc.array(tie("tree"), { maxLength: 3 }),
      fc.dictionary(fc.constantFrom("a", "data", "profile"), tie("tree")),
    ),
  }));
  fc.assert(fc.property(tree, (spec) => {
    const wanted = [...JSON.stringify(spec).matchAll(/"file":("(?:[^"\\]|\\.)*")/g)].map(([, text = ""]) =>
      JSON.parse(text)
    );
    assert.deepEqual(specFiles(spec), [...new Set(wanted)].sort());
  }));
});

Deno.test("specFiles() searches a file key without text, and refuses an endless spec", () => {
  assert.deepEqual(specFiles({ file: { file: "x" } }), ["x"]);
  let deep: unknown = {};
  for (let i = 0; i < 300; i++) deep = [deep];
  assert.throws(() => specFiles(deep), /nested deeper than 200 levels/);
});
