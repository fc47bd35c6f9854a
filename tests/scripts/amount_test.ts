import assert from "node:assert/strict";
import { someOf } from "../support/amount.ts";

/** Does something as a run of this amount would. */
function asRun<T>(amount: string, work: () => T): T {
  const before = Deno.env.get("NSFARM_TEST_AMOUNT");
  Deno.env.set("NSFARM_TEST_AMOUNT", amount);
  try {
    return work();
  } finally {
    if (before === undefined) Deno.env.delete("NSFARM_TEST_AMOUNT");
    else Deno.env.set("NSFARM_TEST_AMOUNT", before);
  }
}

const numbers = (count: number) => Array.from({ length: count }, (_, i) => i);

Deno.test("someOf() takes evenly spaced cases, and all of them with --all", () => {
  assert.deepEqual(asRun("usual", () => someOf("numbers", numbers(8), 3)), [0, 3, 6]);
  assert.deepEqual(asRun("quick", () => someOf("numbers", numbers(8), 3)), [0, 3, 6]);
  assert.deepEqual(asRun("all", () => someOf("numbers", numbers(8), 3)), numbers(8));
});

Deno.test("someOf() takes some of each row and of each column of a table", () => {
  const cells = numbers(8).flatMap((row) => numbers(17).map((column) => [row, column] as const));
  const some = asRun("usual", () => someOf("cells", cells, 4));
  assert.equal(new Set(some.map(([row]) => row)).size, 8);
  assert.equal(new Set(some.map(([, column]) => column)).size, 17);
});
