import fc from "fast-check";
import assert from "node:assert/strict";
import {
  durationSeconds,
  oneOf,
  plainPath,
  realNumber,
  repeated,
  runId,
  setValues,
  wholeNumber,
} from "../../core/flags.ts";

const refuses = (read: () => unknown, message: RegExp) => assert.throws(read, { kind: "usage", message });

Deno.test("wholeNumber() reads every whole number in its range and no other", () => {
  fc.assert(fc.property(fc.maxSafeInteger(), fc.maxSafeInteger(), (value, min) => {
    const read = () => wholeNumber("--n", min)(`${value}`);
    if (value >= min) assert.equal(read(), value);
    else assert.throws(read);
  }));
});

Deno.test("wholeNumber() refuses other texts, and numbers that would lose digits", () => {
  for (const text of ["", " ", "1.5", "1e3", "0x10", "1_000", "١", "Infinity", "NaN", "-", "1 2", "9007199254740992"]) {
    refuses(
      () => wholeNumber("--seed", 0)(text),
      /Cannot use --seed ".*": wanted a whole number of 0 or more, below 2\^53/,
    );
  }
  assert.equal(wholeNumber("--seed", 0)("9007199254740991"), 2 ** 53 - 1);
  refuses(() => wholeNumber("--shards", 1, 9)("10"), /wanted a whole number from 1 to 9/);
});

Deno.test("realNumber() reads finite numbers, and names the minimum", () => {
  assert.equal(realNumber("--x")("-1.5e-3"), -0.0015);
  for (const text of ["", " ", "x", "Infinity", "NaN", "1,5"]) {
    refuses(() => realNumber("--x")(text), /wanted a number$/);
  }
  refuses(() => realNumber("--x", 0)("-1"), /Cannot use --x "-1": wanted a number of 0 or more/);
});

Deno.test("oneOf() names the choices", () => {
  assert.equal(oneOf("--gen", ["init", "mle"])("mle"), "mle");
  refuses(() => oneOf("--gen", ["init", "mle"])("MLE"), /Cannot use --gen "MLE": wanted init, mle/);
});

Deno.test("repeated() keeps all values in their order", () => {
  assert.deepEqual(repeated("b", repeated("a", undefined)), ["a", "b"]);
});

// sbatch(1), --time: minutes, minutes:seconds, hours:minutes:seconds, days-hours, days-hours:minutes, days-hours:minutes:seconds.
for (
  const [text, seconds] of [
    ["90", 5400],
    ["2:30", 150],
    ["01:30:00", 5400],
    ["1-12", 129_600],
    ["1-12:30", 131_400],
    ["1-12:30:15", 131_415],
    ["0", 0],
  ] as const
) {
  Deno.test(`durationSeconds() reads ${text} as Slurm does`, () => assert.equal(durationSeconds("--t")(text), seconds));
}

Deno.test("durationSeconds() refuses other texts", () => {
  for (const text of ["", "1h", "1:2:3:4", "-5", "1-", "1.5", ":30", "UNLIMITED"]) {
    refuses(() => durationSeconds("--slurm-time")(text), /Cannot use --slurm-time ".*": wanted HH:MM:SS/);
  }
});

Deno.test("setValues() reads NAME=NUMBER pairs, also names that JavaScript knows", () => {
  assert.deepEqual(setValues(["mu=1.5", "norm[sig]=-2e-7", "constructor=3"]), {
    mu: 1.5,
    "norm[sig]": -2e-7,
    constructor: 3,
  });
  assert.deepEqual(setValues(["μ_sig=2"]), { "μ_sig": 2 });
  assert.deepEqual(setValues([]), {});
});

Deno.test("setValues() refuses incomplete pairs, invalid numbers, names with blanks, and duplicate names", () => {
  for (const pair of ["mu", "=1", "mu =1", "a b=1", "mu;x=1", "$(x)=1"]) {
    refuses(() => setValues([pair]), /wanted NAME=NUMBER/);
  }
  refuses(() => setValues(["mu="]), /Cannot use --set mu "": wanted a number/);
  refuses(() => setValues(["mu=x"]), /Cannot use --set mu "x": wanted a number/);
  refuses(() => setValues(["mu=1", "mu=1"]), /Cannot use --set twice for "mu"/);
});

Deno.test("runId() takes a plain name of at most 64 letters, and shows control characters of others", () => {
  for (const id of ["a", "farm_20261124T190112Z", "A.b-c", "x".repeat(64)]) assert.equal(runId(id), id);
  for (const id of ["", "1a", ".a", "-a", "a/b", "..", "a b", "a'b", "é", "x".repeat(65), "a\n"]) {
    refuses(() => runId(id), /^Cannot use --run-id ".*": wanted at most 64 letters/);
  }
});

Deno.test("plainPath() accepts any path that fits on one line of a script", () => {
  for (const path of ["/a b/c'd\"e$f%g{{h}}", "é"]) assert.equal(plainPath("--config")(path), path);
  for (const path of ["", "a\nb", "a\tb", "\u007f"]) {
    refuses(() => plainPath("--config")(path), /^Cannot use --config ".*"/);
  }
});
