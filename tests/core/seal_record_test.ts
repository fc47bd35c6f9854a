import fc from "fast-check";
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { documentText, isSealed, sealDocument, sealFault } from "../../core/record.ts";

const sha256 = (data: string | Uint8Array) => createHash("sha256").update(data).digest("hex");
const DOCUMENT = { schema_version: "x", status: { ok: true }, farm: { n_toys: 5, host: "é" } };
const SEALED = documentText(sealDocument(DOCUMENT, sha256));
const bytesOf = (text: string) => new TextEncoder().encode(text);

Deno.test("a sealed document is valid, and its seal is the sha256 of its text without the seal", () => {
  assert.equal(sealFault(SEALED, sha256), null);
  assert.equal(JSON.parse(SEALED).farm.record_sha256, sha256(documentText(DOCUMENT)));
  assert(isSealed(bytesOf(SEALED), JSON.parse(SEALED).farm, sha256));
});

Deno.test("a single changed letter is found", () => {
  fc.assert(
    fc.property(fc.nat(SEALED.length - 1), fc.constantFrom(...'0a }"'), (at, letter) => {
      fc.pre(SEALED[at] !== letter);
      const other = SEALED.slice(0, at) + letter + SEALED.slice(at + 1);
      assert(!isSealed(bytesOf(other), JSON.parse(SEALED).farm, sha256), other);
      let fault: string | null;
      try {
        fault = sealFault(other, sha256);
      } catch (error) {
        assert.ok(error instanceof SyntaxError);
        return;
      }
      assert.notEqual(fault, null, other);
    }),
    { numRuns: 1000 },
  );
});

Deno.test("a document without a record, without a seal, or by another program is recognized", () => {
  assert.equal(sealFault("[]", sha256), "has no record");
  assert.equal(sealFault('{"farm": null}', sha256), "has no record");
  assert.equal(sealFault(documentText(DOCUMENT), sha256), "has no farm.record_sha256 over itself");
  assert(!isSealed(bytesOf(documentText(DOCUMENT)), DOCUMENT.farm, sha256));
  assert.equal(sealFault(JSON.stringify(JSON.parse(SEALED)), sha256), "is not laid out as it was written");
});
