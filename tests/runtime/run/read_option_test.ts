import assert from "node:assert/strict";
import { readOption } from "../../../runtime/run/read_option.ts";
import type { SchedulerOption } from "../../../schedulers/adapter.ts";

const option = (change: Partial<SchedulerOption>): SchedulerOption => ({
  name: "x",
  type: "string",
  help: "a word",
  ...change,
});

Deno.test("an option's value is read according to its type", () => {
  assert.equal(readOption(option({ type: "integer", min: 1 }), "7"), 7);
  assert.equal(readOption(option({ type: "number" }), "1.5"), 1.5);
  assert.equal(readOption(option({ type: "strings" }), "a b"), "a b");
  assert.equal(readOption(option({ choices: ["a", "b"] }), "b"), "b");
  assert.equal(readOption(option({ pattern: "\\d+|x" }), "12"), "12");
});

for (
  const [what, one, text, message] of [
    [
      "below the least",
      option({ type: "integer", min: 1 }),
      "0",
      /Cannot use --x "0": wanted a whole number of 1 or more/,
    ],
    ["of other choices", option({ choices: ["a"] }), "b", /Cannot use --x "b": wanted a/],
    [
      "that fits its pattern only in part",
      option({ pattern: "\\d+|x", placeholder: "N" }),
      "12x",
      /Cannot use --x "12x": wanted N/,
    ],
    ["of two lines", option({}), "a\nb", /Cannot use --x "a\\nb": wanted one line/],
    ["with an escape sequence", option({ type: "strings" }), "\u001b[2J", /wanted one line/],
  ] satisfies [string, SchedulerOption, string, RegExp][]
) {
  Deno.test(`a value ${what} is refused`, () => assert.throws(() => readOption(one, text), { kind: "usage", message }));
}
