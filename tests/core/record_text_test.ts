import assert from "node:assert/strict";
import { documentText, recordText } from "../../core/record.ts";
import { sampleJson } from "./support/samples.ts";

Deno.test("the record's text is found in a document as this program writes it", () => {
  const document = Object(sampleJson("farm/shard_0.metrics.json"));
  assert.deepEqual(JSON.parse(recordText(documentText(document)) ?? ""), document.farm);
});

Deno.test("a key inside a text is no record, and another layout has no record that could be cut out", () => {
  const inside = documentText({ note: '\n  "farm": {}', farm: { a: 1 } });
  assert.equal(recordText(inside), '{\n    "a": 1\n  }');
  assert.equal(recordText('{"farm": {"a": 1}}'), undefined);
  assert.equal(recordText(documentText({ farm: {} }) + " "), undefined);
});
