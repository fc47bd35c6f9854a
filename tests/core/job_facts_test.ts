import assert from "node:assert/strict";
import { numberIn, readJobFacts, sentFacts, textIn } from "../../core/job_txt.ts";
import { planOf, sampleManifest, sampleRecord } from "../fixtures/run.ts";

const TEXT =
  "format=nsfarm-job-1\nrun_token=9f3c1e0a5b7d4c62\nhost=n1\nexit_code=0\nstderr=a=b\nstderr=\nenv.LANG=C=x\nnew_key=1\nend=1\n";

/** Facts that must be there. */
function factsOf(text: string) {
  const facts = readJobFacts(text);
  assert.ok(facts);
  return facts;
}

Deno.test("job.txt is read line by line, values may hold =, unknown keys are kept", () => {
  const facts = factsOf(TEXT);
  assert.equal(facts.ended, true);
  assert.deepEqual(facts.stderr, ["a=b", ""]);
  assert.deepEqual(facts.environment, { LANG: "C=x" });
  assert.equal(textIn(facts, "new_key"), "1");
});

Deno.test("a truncated job.txt has no end, wherever it is cut", () => {
  for (let length = 0; length < TEXT.length - 2; length++) {
    assert.notEqual(readJobFacts(TEXT.slice(0, length))?.ended, true);
  }
});

Deno.test("a text without format or run token is no job.txt of ours", () => {
  for (const text of ["", "end=1\n", "format=nsfarm-job-1\nend=1\n", "run_token=x\n"]) {
    assert.equal(readJobFacts(text), undefined);
  }
});

Deno.test("invalid, negative and empty numbers are unknown", () => {
  const facts = factsOf("format=1\nrun_token=x\na=12.5\nb=-1\nc=\nd=x\ne=Infinity\n");
  assert.deepEqual(["a", "b", "c", "d", "e", "f"].map((key) => numberIn(facts, key)), [
    12.5,
    null,
    null,
    null,
    null,
    null,
  ]);
  assert.equal(textIn(facts, "c"), null);
});

Deno.test("a record sent in job.txt is read back, without its clock offset from another disk", () => {
  const manifest = sampleManifest();
  const record = sampleRecord(manifest, planOf(manifest, 1), {
    stderr_tail: ["x=1\n"],
    clock_offset_s: 5,
    out_bytes: 7,
  });
  const process = { host: "n1", boot_id: "b", pid: 4, start_ticks: "9" };
  const facts = factsOf(sentFacts(record, process, { attempt: "17_3", submission_token: null, metrics_bytes: 2 }));
  assert.ok(facts.ended);
  assert.deepEqual(JSON.parse(textIn(facts, "record") ?? ""), { ...record, clock_offset_s: null });
  assert.deepEqual([textIn(facts, "submission_token"), numberIn(facts, "out_bytes"), textIn(facts, "attempt")], [
    null,
    7,
    "17_3",
  ]);
});
