import assert from "node:assert/strict";
import { fileResult } from "../../scripts/testing/results.ts";
import { folderOf, readTestSource, type TestSource } from "../../scripts/testing/files.ts";
import { leftOutText } from "../../scripts/testing/report.ts";
import { byFolder, linesLeftOut, queuesOf, runQueues } from "../../scripts/testing/run.ts";

const source = (file: string, isCluster = false, length = 1): TestSource => ({ file, slow: "", isCluster, length });
const batch = (label: string) => ({ label, files: [label] });

Deno.test("unit tests of one folder share a process, e2e files have their own, and clusters wait in a separate queue", () => {
  const sources = [
    source("tests/core/a_test.ts"),
    source("tests/core/b_test.ts"),
    source("tests/e2e/kill_test.ts"),
    source("tests/e2e/slurm_run_test.ts", true),
    source("tests/layers_test.ts"),
    source("tests/slow/slurm_late_test.ts", true),
  ];
  const { computing, waiting } = queuesOf(sources);
  assert.deepEqual(computing.map(({ label }) => label), ["tests/core", "tests", "tests/e2e/kill_test.ts"]);
  assert.deepEqual(waiting, [batch("tests/e2e/slurm_run_test.ts")]);
});

Deno.test("a long file starts before short ones, so that it does not run alone at the end", () => {
  const sources = [source("tests/e2e/a_test.ts"), source("tests/e2e/b_test.ts", false, 3)];
  assert.deepEqual(queuesOf(sources).computing.map(({ label }) => label), [
    "tests/e2e/b_test.ts",
    "tests/e2e/a_test.ts",
  ]);
});

Deno.test("a folder of many unit tests is split over several processes, each file once", () => {
  const files = Array.from({ length: 41 }, (_, i) => `tests/core/${i}_test.ts`);
  const batches = byFolder(files);
  assert.deepEqual(batches.map(({ label }) => label), [1, 2, 3].map((i) => `tests/core (${i} of 3)`));
  assert.deepEqual(batches.flatMap((one) => one.files).sort(), files.toSorted());
  assert.deepEqual([...new Set(batches.map(({ label }) => folderOf(label)))], ["tests/core"]);
});

Deno.test("runQueues() runs each batch once, four at a time, and a process with an empty queue helps the other", async () => {
  const names = (letter: string) => Array.from({ length: 5 }, (_, i) => batch(`${letter}${i}`));
  for (const queues of [{ computing: names("c"), waiting: names("w") }, { computing: [], waiting: names("w") }]) {
    let [now, most] = [0, 0];
    const begun: string[] = [];
    const results = await runQueues(queues, async ({ label }) => {
      begun.push(label);
      most = Math.max(most, ++now);
      await new Promise((done) => setTimeout(done, 1));
      now--;
      return [fileResult(label, { passed: 1 })];
    });
    const all = [...queues.computing, ...queues.waiting].map(({ label }) => label);
    assert.deepEqual(begun.toSorted(), all.toSorted());
    assert.equal(results.length, all.length);
    assert.equal(most, 4);
  }
});

Deno.test("readTestSource() reads why a file is slow, and whether it brings a cluster up", () => {
  assert.deepEqual(readTestSource("a", "// slow: files come late\nconst test = slurmFile([]);\n"), {
    file: "a",
    slow: "files come late",
    isCluster: true,
    length: 53,
  });
  assert.equal(readTestSource("b", 'chaosTests("ssh", {});').isCluster, true);
  assert.equal(readTestSource("b", 'chaosTests("local", {});').isCluster, false);
  assert.equal(readTestSource("b", 'userActions(ON_SSH, "usual");').isCluster, true);
  assert.equal(readTestSource("b", 'userActions(ON_LOCAL, "usual");').isCluster, false);
  assert.equal(readTestSource("b", 'import { condorFile } from "./x.ts";').isCluster, false);
});

Deno.test("each run lists what it leaves out: the number of e2e files, slow files with their reason, the newest Deno", () => {
  const slow = { ...source("tests/slow/late_test.ts"), slow: "files come late" };
  const e2e = [source("tests/e2e/a_test.ts"), source("tests/e2e/b_test.ts")];
  const slowLine = "left out tests/slow/late_test.ts: files come late; run it by ./dev test --all\n";
  const denoLine = "left out the unit tests on the newest Deno; run them by ./dev test --all\n";
  const e2eLine = "left out the 2 files of tests/e2e; run them by ./dev test\n";
  assert.equal(leftOutText([...e2e, slow], "quick", true), e2eLine + slowLine + denoLine);
  assert.equal(leftOutText([slow], "usual", true), slowLine + denoLine);
  assert.equal(leftOutText([], "all", true), "");
});

Deno.test("tests that were left out are found in their log, each once", () => {
  const log = "a ... ok\n------- output -------\nleft out: 3 of 4 schedules\nleft out: 3 of 4 schedules\n----\n";
  assert.deepEqual(linesLeftOut(log), ["3 of 4 schedules"]);
  assert.deepEqual(linesLeftOut("a test (left out: no Slurm) ... ignored\n"), []);
});
