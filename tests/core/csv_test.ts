import fc from "fast-check";
import assert from "node:assert/strict";
import { csvLine } from "../../core/csv.ts";

Deno.test("a line of CSV has the fewest digits that read back equal, nothing for null, and quotes where they are needed", () => {
  assert.equal(csvLine([1, -0.25, true, false, null, "n1"]), "1,-0.25,true,false,,n1\r\n");
  assert.equal(csvLine([0.1, 5e-324, 1.5e300, -0, 2 ** 53 - 1]), "0.1,5e-324,1.5e+300,-0,9007199254740991\r\n");
  assert.equal(csvLine(['a "b", c', "two\nlines", "", "é"]), '"a ""b"", c","two\nlines",,é\r\n');
});

Deno.test("each double reads back from CSV with the same bits", () => {
  fc.assert(fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
    assert(Object.is(Number(csvLine([value])), value));
  }));
});
