import assert from "node:assert/strict";
import { exitCode } from "../../scripts/testing/report.ts";
import { type FileResult, fileResult, mergeByFile } from "../../scripts/testing/results.ts";
import { runFailedAgain } from "../../scripts/testing/run.ts";

const KILL = "tests/e2e/kill_test.ts";

/** What becomes of first results, where the second ones are these; and which files were run again. */
async function after(first: FileResult[], second: FileResult[]) {
  const again: string[] = [];
  const results = await runFailedAgain(first, (file) => {
    again.push(file);
    return Promise.resolve(second);
  });
  return { again, results };
}

Deno.test("a failed file of tests/e2e that passes when it is run again is flaky: good, but not with --all", async () => {
  const first = [
    fileResult(KILL, { passed: 1, failed: ["it dies"], seconds: 3 }),
    fileResult("tests/core", { passed: 4 }),
  ];
  const { again, results } = await after(first, [fileResult(KILL, { passed: 2, seconds: 2 })]);
  assert.deepEqual(again, [KILL]);
  assert.deepEqual(mergeByFile(results), [
    fileResult(KILL, { passed: 2, flaky: ["it dies"], seconds: 5 }),
    fileResult("tests/core", { passed: 4 }),
  ]);
  assert.equal(exitCode([], results, "usual"), 0);
  assert.equal(exitCode([], results, "all"), 1);
});

Deno.test("a file that fails again has failed, and a test of it that passed then is flaky beside that", async () => {
  const first = [fileResult(KILL, { failed: ["one", "two"] })];
  const { results } = await after(first, [fileResult(KILL, { passed: 1, failed: ["two"] })]);
  assert.deepEqual(results, [fileResult(KILL, { passed: 1, failed: ["two"], flaky: ["one"] })]);
  assert.equal(exitCode([], results, "usual"), 1);
});

Deno.test("a process that ends twice without a result has failed", async () => {
  const silent = [fileResult(KILL, { failed: [`${KILL}: none of its tests ran`] })];
  const { results } = await after(silent, silent);
  assert.equal(exitCode([], results, "usual"), 1);
});

Deno.test("a unit test that fails is not run again, nor are files that passed, nor many that failed", async () => {
  const unit = [fileResult("tests/core/split_test.ts", { failed: ["it splits"] }), fileResult(KILL, { passed: 1 })];
  assert.deepEqual(await after(unit, []), { again: [], results: unit });
  const many = Array.from({ length: 6 }, (_, i) => fileResult(`tests/e2e/a${i}_test.ts`, { failed: ["no"] }));
  assert.deepEqual(await after(many, []), { again: [], results: many });
});

Deno.test("exitCode() is 1 when a check failed, and when nothing has passed", () => {
  const good = [fileResult(KILL, { passed: 1 })];
  assert.equal(exitCode([], good, "all"), 0);
  assert.equal(exitCode([fileResult("check lint", { failed: ["lint"] })], good, "usual"), 1);
  assert.equal(exitCode([fileResult("check lint", { passed: 1 })], [], "usual"), 1);
});
