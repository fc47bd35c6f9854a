import fc from "fast-check";
import assert from "node:assert/strict";
import { floatText, plainText } from "../../core/merge/json_text.ts";

// What nextstat 0.10.1 printed for --set mu=X and for --max-abs-poi-pull-mean X.
const SEEN: [number, string, string][] = [
  [1, "1.0", "1"],
  [0, "0.0", "0"],
  [-0.03, "-0.03", "-0.03"],
  [1e9, "1000000000.0", "1000000000"],
  [1e15, "1000000000000000.0", "1000000000000000"],
  [1e16, "1e+16", "10000000000000000"],
  [1.5e16, "1.5e+16", "15000000000000000"],
  [123456789012345678, "1.2345678901234568e+17", "123456789012345680"],
  [1e22, "1e+22", "10000000000000000000000"],
  [0.00001, "0.00001", "0.00001"],
  [0.000012, "0.000012", "0.000012"],
  [1e-6, "1e-6", "0.000001"],
  [1e-7, "1e-7", "0.0000001"],
  [0.09847163882938566, "0.09847163882938566", "0.09847163882938566"],
];

for (const [value, json, plain] of SEEN) {
  Deno.test(`${value} is printed as nextstat prints it`, () => {
    assert.equal(floatText(value), json);
    assert.equal(plainText(value), plain);
  });
}

Deno.test("every printed number is read back unchanged", () => {
  fc.assert(fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
    assert.ok(Object.is(JSON.parse(floatText(value)), value));
    assert.ok(/[.e]/.test(floatText(value)));
    assert.ok(Object.is(Number(plainText(value)), value) && !plainText(value).includes("e"));
  }));
});
