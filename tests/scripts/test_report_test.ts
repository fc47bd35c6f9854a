import assert from "node:assert/strict";
import { fileResult } from "../../scripts/testing/results.ts";
import { testReport } from "../../scripts/testing/report.ts";

const results = [
  fileResult("tests/core", { passed: 3, seconds: 1.25 }),
  fileResult("tests/runs/run_test.ts", {
    passed: 1,
    failed: ["it runs"],
    skipped: ["needs a real cluster"],
    seconds: 10,
  }),
  fileResult("tests/e2e/filtered_out_test.ts"),
  fileResult("tests/e2e/kill_test.ts", { passed: 2, flaky: ["it dies", "it lives"], seconds: 7 }),
  fileResult("tests/core", { passed: 4, seconds: 1 }),
  fileResult("tests/host (1 of 2)", { leftOut: ["750 of 1000 schedules"] }),
];

Deno.test("testReport() has a line for each file in which something ran, names what did not pass, and ends with the numbers", () => {
  assert.equal(
    testReport(results),
    `file                    passed  failed  skipped  seconds
tests/core                   7       0        0      2.3
tests/runs/run_test.ts       1       1        1     10.0  FAILED
tests/e2e/kill_test.ts       2       0        0      7.0  flaky

skipped  tests/runs/run_test.ts: needs a real cluster

left out  tests/host (1 of 2): 750 of 1000 schedules

flaky: tests/e2e/kill_test.ts: it dies
flaky: tests/e2e/kill_test.ts: it lives

failed: tests/runs/run_test.ts: it runs

2 flaky: failed, and passed when run once more alone
10 passed, 1 failed, 1 skipped`,
  );
});

Deno.test("testReport() of a run in which all passed names nothing", () => {
  assert.deepEqual(testReport([fileResult("a", { passed: 2 })]).split("\n").slice(2), [
    "",
    "2 passed, 0 failed, 0 skipped",
  ]);
});
