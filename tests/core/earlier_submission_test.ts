import assert from "node:assert/strict";
import { isOfEarlier } from "../../core/earlier_submission.ts";

const TOKENS = ["a", "b", "c"];

Deno.test("a submission comes before those that were recorded after it, and not before itself", () => {
  assert.equal(isOfEarlier(TOKENS, "a", "c"), true);
  assert.equal(isOfEarlier(TOKENS, "b", "b"), false);
  assert.equal(isOfEarlier(TOKENS, "c", "a"), false);
});

Deno.test("of an attempt whose submission is not on record it is unknown", () => {
  for (const its of [null, "typed", ""]) assert.equal(isOfEarlier(TOKENS, its, "a"), null);
});

Deno.test("nothing comes before a submission that is not on record itself", () => {
  for (const ours of [null, "typed", ""]) {
    for (const its of [null, "typed", "a"]) assert.equal(isOfEarlier(TOKENS, its, ours), false);
  }
  assert.equal(isOfEarlier([], null, null), false);
});
