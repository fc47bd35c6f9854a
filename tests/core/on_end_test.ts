import assert from "node:assert/strict";
import fc from "fast-check";
import { describeOnEnd, endOfRun, endOfSweep, readOnEnd, withAbsoluteProgram } from "../../core/on_end.ts";
import { quoteCommand } from "../../core/shell_quote.ts";
import { sampleManifest } from "../fixtures/run.ts";

Deno.test("the command of --on-end is split as a shell splits words, and nothing is expanded", () => {
  assert.deepEqual(readOnEnd(`notify.sh 'my study' a\\ b "it's" $HOME *.json`), [
    ...["notify.sh", "my study", "a b", "it's", "$HOME", "*.json"],
  ]);
  assert.deepEqual(readOnEnd(""), []);
});

Deno.test("whatever words are quoted for a shell, --on-end reads the same words", () => {
  const word = fc.string({ minLength: 1, unit: "grapheme" }).filter((text) => !/[\n\0]/.test(text));
  fc.assert(fc.property(fc.array(word, { minLength: 1 }), (words) => {
    const command = ["notify.sh", ...words.map((one) => `=${one}`)];
    assert.deepEqual(readOnEnd(quoteCommand(command)), command);
  }));
});

for (
  const [text, why] of [
    ["mail -s 'done", /a quote or backslash is not closed/],
    ["mail me > log", /no shell runs it, so ">" would be an argument of "mail"/],
    ["a | b", /"\|" would be an argument of "a"/],
    ["a\\\nb 'c\nd'", /no shell runs it/],
    ["'' x", /its first word is empty/],
  ] as const
) {
  Deno.test(`--on-end refuses ${JSON.stringify(text)}`, () => {
    assert.throws(() => readOnEnd(text), { kind: "usage", message: why });
  });
}

Deno.test("only a program in a relative folder gets an absolute path", () => {
  const absolute = (path: string) => `/here/${path}`;
  assert.deepEqual(withAbsoluteProgram(["bin/n", "./x"], absolute), ["/here/bin/n", "./x"]);
  assert.deepEqual(withAbsoluteProgram(["notify"], absolute), ["notify"]);
  assert.deepEqual(withAbsoluteProgram(["/a/b"], absolute), ["/a/b"]);
  assert.deepEqual(withAbsoluteProgram([], absolute), []);
});

Deno.test("a whole run has one end whatever was begun; an open run has another after each attempt or done shard", () => {
  const { plans } = sampleManifest();
  const all = new Set([0, 1, 2, 3]);
  assert.deepEqual(endOfRun(plans, all, ["a"]), endOfRun(plans, all, ["a", "b"]));
  const open = endOfRun(plans, new Set([0, 2]), ["a"]);
  assert.deepEqual(endOfRun(plans, new Set([2, 0]), ["a"]), open);
  assert.notDeepEqual(endOfRun(plans, new Set([0, 2]), ["a", "b"]), open);
  assert.notDeepEqual(endOfRun(plans, new Set([0, 2, 3]), ["a"]), open);
  assert.notDeepEqual(endOfRun([...plans, { ...plans[0]!, shard_index: 4, toy_start: 20 }], new Set([...all, 4]), []), [
    ...endOfRun(plans, all, []),
  ]);
});

Deno.test("a sweep has ended when each point has, and has another end after a failed point was measured again", () => {
  const record = (state: "open" | "done" | "failed", finished_at_utc: string | null) => ({
    ...{
      repeat: 1,
      state,
      error: null,
      started_at_utc: "t0",
      finished_at_utc,
      stopwatch_s: 1,
      before: null,
      after: null,
    },
  });
  const points = (...records: ReturnType<typeof record>[]) =>
    records.map((one, i) => ({ run_id: `r${i}`, record: one }));
  assert.equal(endOfSweep(points(record("done", "t1"), record("open", null))), null);
  const failed = endOfSweep(points(record("done", "t1"), record("failed", null)));
  assert.notEqual(failed, null);
  assert.notDeepEqual(endOfSweep(points(record("done", "t1"), record("failed", "t3"))), failed);
  const whole = endOfSweep(points(record("done", "t1"), record("done", "t2")));
  assert.deepEqual(endOfSweep(points(record("done", "t8"), record("done", "t9"))), whole);
});

Deno.test("the end of the command is told in one line", () => {
  const ran = { exit_code: 0, signal: null, stderr: "", timed_out: false, spawn_error: null };
  const say = (result: Partial<typeof ran> | object) => describeOnEnd(["/bin/my hook", "x"], { ...ran, ...result }, 60);
  assert.equal(say({}), "--on-end '/bin/my hook' has run");
  assert.equal(
    say({ exit_code: 3, stderr: "\n no\u001b[1m mail\nmore" }),
    "warning: --on-end '/bin/my hook' ended with exit code 3:  no\\u001b[1m mail",
  );
  assert.equal(say({ exit_code: null, signal: "SIGSEGV" }), "warning: --on-end '/bin/my hook' was killed by SIGSEGV");
  assert.equal(say({ exit_code: null, timed_out: true }), "warning: --on-end '/bin/my hook' was stopped after 60 s");
  assert.equal(
    say({ exit_code: null, spawn_error: "No such file" }),
    "warning: --on-end '/bin/my hook' could not be started: No such file",
  );
});
