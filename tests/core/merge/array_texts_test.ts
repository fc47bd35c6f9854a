import assert from "node:assert/strict";
import { entriesText } from "../../../core/merge/json_text.ts";
import { entriesInBytes, readOutputText, TOY_ARRAYS } from "../../../core/output.ts";
import { sampleText } from "../support/samples.ts";

Deno.test("rewritten entries equal nextstat's own, byte for byte", () => {
  const text = sampleText("unsharded_20.out.json");
  const { output, entries } = readOutputText(text);
  for (const name of TOY_ARRAYS) {
    assert.ok(entries);
    assert.equal(entriesText(output, name), text.slice(...entries[name]));
  }
});

Deno.test("a toy that errored is null in every array", () => {
  const text = sampleText("shard_0.out.json")
    .replace('"n_converged": 5', '"n_converged": 4').replace('"n_error": 0', '"n_error": 1')
    .replace(/("converged": \[\s*)true/, "$1null").replace(/("poi_hat": \[\s*)[-\d.]+/, "$1null");
  const { output } = readOutputText(text);
  assert.match(entriesText(output, "converged"), /^null,\n {6}true/);
  assert.match(entriesText(output, "poi_hat"), /^null,\n/);
});

Deno.test("the entries of arrays are at their bytes, whatever letters names have; not where a byte order mark is first", () => {
  const text = sampleText("shard_0.out.json").replaceAll('"mu"', '"μ"');
  const bytes = new TextEncoder().encode(text);
  const { entries } = readOutputText(text);
  assert.ok(entries);
  const in_bytes = entriesInBytes(text, bytes.length, entries);
  for (const name of TOY_ARRAYS) {
    assert.ok(in_bytes);
    assert.equal(new TextDecoder().decode(bytes.subarray(...in_bytes[name])), text.slice(...entries[name]));
  }
  assert.equal(entriesInBytes(text, bytes.length + 3, entries), null);
});
