import fc from "fast-check";
import assert from "node:assert/strict";
import { causeOfEnd, type FitEnd, printable, tailLines } from "../../core/failure.ts";

const GOOD: FitEnd = { exit_code: 0, signal: null, stderr: "", spawn_error: null, stopped: null, oom_kills: 0 };

for (
  const [what, end, cause] of [
    ["exit 0", {}, "ok"],
    ["exit 1", { exit_code: 1 }, "exit"],
    ["a bare SIGKILL", { exit_code: null, signal: "SIGKILL" }, "signal"],
    ["SIGKILL, and the cgroup counted an oom_kill", { exit_code: null, signal: "SIGKILL", oom_kills: 1 }, "memory"],
    ["SIGKILL where no cgroup can be asked", { exit_code: null, signal: "SIGKILL", oom_kills: null }, "signal"],
    ["SIGABRT after Rust's allocator spoke", {
      exit_code: null,
      signal: "SIGABRT",
      stderr: "memory allocation of 8000000000 bytes failed",
    }, "memory"],
    ["std::bad_alloc", { exit_code: null, signal: "SIGABRT", stderr: "terminate called: std::bad_alloc" }, "memory"],
    ["a full disk", { exit_code: 1, stderr: "Error: No space left on device (os error 28)" }, "disk"],
    ["a quota", { exit_code: 1, stderr: "Disk quota exceeded" }, "disk"],
    ["our own time limit", { exit_code: null, signal: "SIGTERM", stopped: "time" }, "time"],
    ["being told to stop", { exit_code: null, signal: "SIGTERM", stopped: "terminated" }, "terminated"],
    ["a program that is not there", { exit_code: null, spawn_error: "No such file" }, "spawn"],
    ["exit 0 with words of memory in a warning", { stderr: "Cannot allocate memory for the cache, going on" }, "ok"],
    ["os error 121, which is no lack of memory", { exit_code: 1, stderr: "os error 121" }, "exit"],
  ] satisfies [string, Partial<FitEnd>, string][]
) {
  Deno.test(`the cause of ${what} is ${cause}`, () => assert.equal(causeOfEnd({ ...GOOD, ...end }), cause));
}

Deno.test("only exit code 0 of a fit that nobody stopped can be ok", () => {
  const end = fc.record({
    exit_code: fc.option(fc.nat(255)),
    signal: fc.option(fc.constantFrom("SIGKILL", "SIGSEGV")),
    stderr: fc.string(),
    spawn_error: fc.option(fc.string()),
    stopped: fc.constantFrom("time", "terminated", null),
    oom_kills: fc.option(fc.nat(2)),
  });
  fc.assert(fc.property(end, (end) => {
    const good = end.exit_code === 0 && end.spawn_error === null && end.stopped === null;
    assert.equal(causeOfEnd(end) === "ok", good);
  }));
});

Deno.test("tailLines() keeps the last lines that are not empty, cut to 400 characters", () => {
  assert.deepEqual(tailLines("a\n\n  \nb\n"), ["a", "b"]);
  const lines = Array.from({ length: 30 }, (_, i) => `${i}`);
  assert.deepEqual(tailLines(lines.join("\n")), lines.slice(10));
  assert.equal(tailLines("x".repeat(1000))[0]?.length, 400);
});

Deno.test("tailLines() leaves out backtraces, which would displace the message", () => {
  const frames = Array.from({ length: 40 }, (_, i) => `  ${i}: <unknown>\n             at ./csu/x.c:${i}`).join("\n");
  const text = `Error: unknown parameter\n\nCaused by:\n    no such name\n\nStack backtrace:\n${frames}\n`;
  assert.deepEqual(tailLines(text), ["Error: unknown parameter", "Caused by:", "    no such name"]);
  assert.deepEqual(tailLines(`panicked at x.rs\nstack backtrace:\n${frames}\nnote: more`), [
    "panicked at x.rs",
    "note: more",
  ]);
});

// deno-lint-ignore no-control-regex
const STEERING = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/;

Deno.test("printable() leaves no character that could control a terminal or reverse text", () => {
  fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => assert.doesNotMatch(printable(text), STEERING)));
  assert.equal(printable("\u001b[31mred\u202e"), "\\u001b[31mred\\u202e");
});
