import assert from "node:assert/strict";
import { affordedToys } from "../../../runtime/starts/check.ts";

Deno.test("a slow toy halves the trial toys until they can be afforded, and none are fitted where fewer than five could be", () => {
  assert.equal(affordedToys(40, null), 40);
  assert.equal(affordedToys(40, 0.012), 40);
  assert.deepEqual([0.06, 0.11, 0.3, 0.39, 0.6].map((toy_s) => affordedToys(40, toy_s)), [20, 10, 5, 5, 0]);
});
