import assert from "node:assert/strict";
import * as z from "zod/mini";
import { firstIssue } from "../../core/first_issue.ts";

const Document = z.strictObject({
  kind: z.literal("a"),
  n: z.int().check(z.minimum(1)),
  names: z.array(z.string()).check(z.minLength(1)),
  mode: z.optional(z.enum(["shared", "transfer"])),
  more: z.optional(z.record(z.string(), z.number())),
});
const GOOD = { kind: "a", n: 1, names: ["x"] };

for (
  const [value, words] of [
    [{ n: 1, names: ["x"] }, "kind: missing"],
    [{ ...GOOD, kind: "b" }, 'kind: "b", wanted "a"'],
    [{ ...GOOD, mode: "tape" }, 'mode: "tape", wanted "shared" or "transfer"'],
    [{ ...GOOD, n: "5" }, 'n: "5", wanted a number'],
    [{ ...GOOD, n: 1.5 }, "n: 1.5, wanted a whole number"],
    [{ ...GOOD, n: 0 }, "n: 0, wanted at least 1"],
    [{ ...GOOD, names: [] }, "names: 0 of them, wanted at least 1"],
    [{ ...GOOD, names: ["x", {}] }, "names.1: an object, wanted a text"],
    [{ ...GOOD, more: { a: null } }, "more.a: null, wanted a number"],
    [{ ...GOOD, extra: 1 }, 'unknown "extra"'],
    [[GOOD], "a list, wanted an object"],
  ] as const
) {
  Deno.test(`a fault of a document is reported as: ${words}`, () => {
    const parsed = Document.safeParse(value);
    assert(parsed.error);
    assert.equal(firstIssue(parsed.error), words);
  });
}
