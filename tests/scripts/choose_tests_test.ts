import assert from "node:assert/strict";
import { chooseTests } from "../../scripts/testing/files.ts";

const files = ["tests/core/split_test.ts", "tests/e2e/run_test.ts", "tests/slow/slurm_test.ts"];

Deno.test("chooseTests() leaves the slow files out unless all are asked for", () => {
  assert.deepEqual(chooseTests(files, undefined, "usual").leftOut, ["tests/slow/slurm_test.ts"]);
  assert.deepEqual(chooseTests(files, undefined, "all"), { files, leftOut: [], filter: undefined });
});

Deno.test("chooseTests() leaves tests of the compiled program out of the quick run", () => {
  assert.deepEqual(chooseTests(files, undefined, "quick"), {
    files: ["tests/core/split_test.ts"],
    leftOut: ["tests/e2e/run_test.ts", "tests/slow/slurm_test.ts"],
    filter: undefined,
  });
  assert.deepEqual(chooseTests(files, "e2e/run", "quick").files, ["tests/e2e/run_test.ts"]);
});

Deno.test("chooseTests() takes an argument as a part of a path, also of a slow file", () => {
  assert.deepEqual(chooseTests(files, "slurm", "usual").files, ["tests/slow/slurm_test.ts"]);
  assert.deepEqual(chooseTests(files, "./tests/core/split_test.ts", "usual").files, ["tests/core/split_test.ts"]);
});

Deno.test("chooseTests() takes an argument that no path has as a part of the tests' names", () => {
  assert.deepEqual(chooseTests(files, "every toy once", "usual"), {
    files: files.slice(0, 2),
    leftOut: ["tests/slow/slurm_test.ts"],
    filter: "every toy once",
  });
});
