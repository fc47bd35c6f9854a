import fc from "fast-check";
import assert from "node:assert/strict";
import { ArrayPlace, Float, float, floats, type Json, jsonParts } from "../../../core/merge/json_text.ts";

/** Documents as JSON can hold them, with keys of every kind. */
const { json } = fc.letrec<{ json: Json }>((tie) => ({
  json: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom(null, true, false),
    fc.integer(),
    fc.string(),
    fc.array(tie("json"), { maxLength: 4 }),
    fc.dictionary(fc.string(), tie("json"), { maxKeys: 4, noNullPrototype: true }),
  ),
}));

Deno.test("jsonParts() lays a document out as JSON.stringify does with two blanks", () => {
  fc.assert(fc.property(json, (document) => {
    assert.equal(jsonParts(document).join(""), JSON.stringify(document, null, 2));
  }));
});

Deno.test("floats keep their point, whole numbers have none", () => {
  assert.equal(
    jsonParts({ a: new Float(1), b: 1, c: floats([2, null]) }).join(""),
    '{\n  "a": 1.0,\n  "b": 1,\n  "c": [\n    2.0,\n    null\n  ]\n}',
  );
  assert.equal(float(null), null);
});

Deno.test("jsonParts() leaves out the entries of a toy array, with the brackets where nextstat has them", () => {
  const parts = jsonParts({ results: { nll: new ArrayPlace("nll"), n: 1 } });
  assert.deepEqual(parts.filter((part) => part instanceof ArrayPlace).map((part) => part.name), ["nll"]);
  const text = parts.map((part) => typeof part === "string" ? part : "1.0,\n      2.0").join("");
  assert.equal(text, '{\n  "results": {\n    "nll": [\n      1.0,\n      2.0\n    ],\n    "n": 1\n  }\n}');
});
