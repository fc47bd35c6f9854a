import assert from "node:assert/strict";
import { testReport } from "../../scripts/testing/test_report.ts";

const results = [
  { file: "tests/core", passed: 3, failed: 0, skipped: [], seconds: 1.25 },
  { file: "tests/host/run_test.ts", passed: 1, failed: 1, skipped: ["needs a real cluster"], seconds: 10 },
  { file: "tests/e2e/filtered_out_test.ts", passed: 0, failed: 0, skipped: [], seconds: 0 },
  { file: "tests/core", passed: 4, failed: 0, skipped: [], seconds: 1 },
];

Deno.test("testReport() has a line for each file in which something ran, and closes with the numbers alone on the last", () => {
  assert.equal(
    testReport(results),
    `file                    passed  failed  skipped  seconds
tests/core                   7       0        0      2.3
tests/host/run_test.ts       1       1        1     10.0  FAILED

skipped  tests/host/run_test.ts: needs a real cluster

8 passed, 1 failed, 1 skipped`,
  );
});
