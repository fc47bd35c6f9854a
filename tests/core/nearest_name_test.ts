import fc from "fast-check";
import assert from "node:assert/strict";
import { nearestName } from "../../core/flags.ts";

const COMMANDS = ["run", "render", "status", "merge", "verify"];

Deno.test("nearestName() finds the name behind a typing error", () => {
  assert.equal(nearestName("statsu", COMMANDS), "status");
  assert.equal(nearestName("verfy", COMMANDS), "verify");
  assert.equal(nearestName("mrge", COMMANDS), "merge");
});

Deno.test("nearestName() finds nothing for a word that is not similar to any name", () => {
  assert.equal(nearestName("frobnicate", COMMANDS), undefined);
  assert.equal(nearestName("x", []), undefined);
});

Deno.test("a name with one letter dropped, added or changed is found among names that are far apart", () => {
  const slip = fc.tuple(fc.constantFrom("preflight", "collect", "schema"), fc.nat(5), fc.constantFrom("", "x", "xy"));
  fc.assert(fc.property(slip, ([name, at, put]) => {
    assert.equal(nearestName(name.slice(0, at) + put + name.slice(at + 1), ["preflight", "collect", "schema"]), name);
  }));
});
