import { Command } from "commander";
import assert from "node:assert/strict";
import { readGuardrails, typedValues } from "../../commands/flags.ts";
import { withScheduler } from "../../commands/profile_in_use.ts";
import { defineOldFlags, reportOldFlags } from "../../commands/run.ts";
import { keptOutput } from "./support/kept_output.ts";

const guardrails = (...poiPullStdRange: string[]) =>
  readGuardrails({ requireAllConverged: false, maxAbsPoiPullMean: undefined, poiPullStdRange, maxMissed: undefined })
    .poi_pull_std_range;

Deno.test("the range of a guardrail is two numbers, as two words or as one with a comma, the lower first", () => {
  assert.deepEqual(guardrails("0.9", "1.1"), [0.9, 1.1]);
  assert.deepEqual(guardrails("0.9,1.1"), [0.9, 1.1]);
  assert.equal(guardrails(), null);
  for (const words of [["1.1", "0.9"], ["0.9"], ["0.9", "1", "1.1"], ["-1", "1"], ["low", "high"]]) {
    assert.throws(() => guardrails(...words), { kind: "usage", message: /--poi-pull-std-range/ }, words.join(" "));
  }
});

Deno.test("flags of the old runner are accepted, with a note what replaces each", () => {
  const toldOf = (...argv: string[]) => {
    const [command, out] = [new Command(), keptOutput()];
    defineOldFlags(command);
    command.parse(argv, { from: "user" });
    reportOldFlags(command.opts(), out);
    return out.notes.map((note) => note.split(" ")[0]);
  };
  assert.deepEqual(toldOf(), []);
  assert.deepEqual(toldOf("--no-upload-config", "--jobs", "4"), ["--no-upload-config", "--jobs"]);
});

Deno.test("the value of a flag is found before the flags are known, in both forms", () => {
  const argv = ["--plugin=a.ts", "run", "--plugin", "b.ts", "--plugins", "c.ts", "--plugin"];
  assert.deepEqual(typedValues(argv, "--plugin"), ["a.ts", "b.ts"]);
});

Deno.test("a profile's scheduler is used where the command line names none", () => {
  const used = { path: "/p.jsonc", way: "--profile" as const, profile: { scheduler: "slurm" } };
  assert.deepEqual(withScheduler(["--seed", "1"], used), ["--scheduler=slurm", "--seed", "1"]);
  assert.deepEqual(withScheduler(["--scheduler=local"], used), ["--scheduler=local"]);
  assert.deepEqual(withScheduler(["--seed", "1"], null), ["--seed", "1"]);
});
