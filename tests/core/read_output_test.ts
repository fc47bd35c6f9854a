import fc from "fast-check";
import assert from "node:assert/strict";
import { readOutputText, readShardOutput, type ShardOutput, sliceOutput, TOY_ARRAYS } from "../../core/output.ts";
import { inventedOutput } from "../fixtures/output.ts";
import { inventedRun } from "../fixtures/run.ts";

const manifest = inventedRun("/r", { n_toys: 12, shards: 2 });
const text = inventedOutput(manifest, manifest.plans[1]);

/** What was read, but for the frame's own arrays: whoever wants them takes the read ones. */
function essence({ frame, ...arrays }: ShardOutput) {
  const { converged: _c, poi_hat: _h, poi_sigma: _s, nll: _n, ...results } = frame.results;
  return { ...arrays, frame: { ...frame, results } };
}

const ofText = (text: string) => essence(readOutputText(text).output);
const ofJson = (text: string) => essence(readShardOutput(JSON.parse(text)));

Deno.test("an output is read the same from its text as from its parsed JSON", () => {
  assert.deepEqual(ofText(text), ofJson(text));
});

Deno.test("the entries of each array are found at their positions in the text", () => {
  const { entries } = readOutputText(text);
  const results = JSON.parse(text).results;
  for (const name of TOY_ARRAYS) {
    assert(entries);
    assert.deepEqual(JSON.parse(`[${text.slice(...entries[name])}]`), results[name]);
  }
});

Deno.test("a text with another layout is read too, but without the positions of its entries", () => {
  const other = JSON.stringify(JSON.parse(text), null, 4);
  const read = readOutputText(other);
  assert.equal(read.entries, null);
  assert.deepEqual(essence(read.output), ofJson(text));
  assert.deepEqual(ofText(JSON.stringify(JSON.parse(text))), ofJson(text));
});

Deno.test("the last of duplicate keys counts, as in JSON.parse", () => {
  const twice = text.replace('"nll": [', '"nll": [\n      1.0\n    ],\n    "nll": [');
  assert.deepEqual(ofText(twice), ofJson(twice));
});

Deno.test("array keys inside texts are no arrays", () => {
  const names = text.replace('"lambda_bkg"', JSON.stringify('x", "results": { "nll": ['));
  assert.deepEqual(ofText(names), ofJson(names));
});

Deno.test("results inside an earlier member are not those of the output", () => {
  const nested = text.replace("{", '{"note": {"results": {"nll": [1.0]}},');
  assert.deepEqual(ofText(nested), ofJson(nested));
});

Deno.test("reading a truncated text fails with one line, wherever it is cut", () => {
  const cut = fc.integer({ min: 0, max: text.length - 1 });
  fc.assert(fc.property(cut, (length) => {
    assert.throws(
      () => readOutputText(text.slice(0, length)),
      (error) => error instanceof Error && !error.message.includes("\n"),
    );
  }));
});

Deno.test("a changed byte is either detected or has the same effect as in JSON.parse", () => {
  const change = fc.tuple(fc.integer({ min: 0, max: text.length - 1 }), fc.constantFrom(...'0e-]}[{",: x\n'));
  fc.assert(
    fc.property(change, ([at, letter]) => {
      const other = text.slice(0, at) + letter + text.slice(at + 1);
      assert.deepEqual(attempt(() => ofText(other)), attempt(() => ofJson(other)));
    }),
    { numRuns: 2000 },
  );
});

function attempt<T>(read: () => T): T | "refused" {
  try {
    return read();
  } catch {
    return "refused";
  }
}

Deno.test("sliceOutput() returns nothing for a text without an output's keys", () => {
  assert.equal(sliceOutput("{}"), undefined);
  assert.equal(sliceOutput('{"results": {"converged": ['), undefined);
});
