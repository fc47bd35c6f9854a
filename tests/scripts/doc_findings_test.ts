import assert from "node:assert/strict";
import { docFindings } from "../../scripts/testing/checks.ts";

/** What `deno doc --lint` prints of these findings. */
const printed = (kind: string, ...codes: string[]) => {
  const one = (code: string) => `error[${kind}]: it is wrong\n  --> /a/b.ts:7:3\n   | \n 7 | ${code}\n   | ^^^\n\n\n`;
  return `${codes.map(one).join("")}error: Found ${codes.length} documentation lint errors.\n`;
};

Deno.test("all faults of the documentation of mod.ts are reported, except those that a zod schema cannot avoid", () => {
  const missing = ["export const ANSWER = 42;", "export type Answer = z.infer<typeof Other>;", "  seed: number;"];
  const reported = missing.map((code) => `/a/b.ts:7 it is wrong: ${code.trim()}`);
  assert.deepEqual(docFindings(printed("missing-jsdoc", ...missing)), reported);
  assert.equal(docFindings(printed("private-type-ref", "export type A = z.infer<typeof A>;")).length, 1);
  assert.deepEqual(docFindings(printed("missing-jsdoc", "export type A = z.infer<typeof A>;")), []);
  assert.deepEqual(docFindings(printed("missing-explicit-type", "export const A = z.string();")), []);
  assert.deepEqual(docFindings(""), []);
});

Deno.test("unreadable documentation, and findings in another form, are reported as they were printed", () => {
  assert.deepEqual(docFindings("error: Module not found\n"), ["error: Module not found"]);
  const other = "error[new-kind] elsewhere\nerror: Found 1 documentation lint error.";
  assert.deepEqual(docFindings(other), [other]);
});
