import assert from "node:assert/strict";
import { fileResult, readJunit } from "../../scripts/testing/results.ts";

// As Deno 2.4.2 wrote it.
const recorded = `<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="deno test" tests="8" failures="3" errors="0" time="0.113">
    <testsuite name="./tests/core/a_test.ts" tests="7" disabled="2" errors="0" failures="3">
        <testcase name="one &amp; &lt;two&gt;" classname="./a_test.ts" time="0.250" line="1" col="6">
        </testcase>
        <testcase name="left out: no &quot;slurm&quot;" classname="./a_test.ts" time="0.000" line="2" col="6">
            <skipped/>
        </testcase>
        <testcase name="not asked for" classname="./a_test.ts" line="2" col="6">
            <skipped/>
        </testcase>
        <testcase name="fails" classname="./a_test.ts" time="0.125" line="3" col="6">
            <failure message="Uncaught Error: boo &lt;x&gt;">Error: boo &lt;x&gt;
    at file:///tmp/a_test.ts:3:34</failure>
        </testcase>
        <testcase name="steps" classname="./a_test.ts" time="0.500" line="4" col="6">
            <failure message="1 test step failed">1 test step failed.</failure>
        </testcase>
        <testcase name="steps &gt; s1" classname="./a_test.ts" time="0.500" line="4" col="43">
        </testcase>
        <testcase name="steps &gt; s2" classname="./a_test.ts" time="0.001" line="4" col="73">
            <failure message="Uncaught Error: no">Error: no</failure>
        </testcase>
    </testsuite>
    <testsuite name="./b_test.ts" tests="1" disabled="0" errors="0" failures="0">
        <testcase name="b" classname="./b_test.ts" time="0.000" line="1" col="6">
        </testcase>
    </testsuite>
</testsuites>`;

Deno.test("readJunit() counts tests, without their steps, and without those that a filter excluded", () => {
  assert.deepEqual(readJunit(recorded), [
    fileResult("tests/core/a_test.ts", {
      passed: 1,
      failed: ["fails", "steps"],
      skipped: ['left out: no "slurm"'],
      seconds: 0.875,
    }),
    fileResult("b_test.ts", { passed: 1 }),
  ]);
});

Deno.test("readJunit() returns no result for a process that wrote nothing", () => {
  assert.deepEqual(readJunit(""), []);
});
