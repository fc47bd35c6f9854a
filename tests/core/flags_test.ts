import assert from "node:assert/strict";
import { type FlagTable, flagValues, optionValues, readFlag } from "../../core/flags.ts";
import { SSH_CONNECTION, SSH_FLAGS } from "../../core/ssh/ssh_flags.ts";

const table = {
  "n-toys": { type: "integer", required: true, min: 1, help: "toys" },
  gen: { type: "string", choices: ["init", "mle"], default: "init", help: "where" },
  seed: { type: "integer", help: "seed", read: (text: string) => text === "next" ? "next" : Number(text) },
  set: { type: "strings", help: "values" },
  "dry-run": { type: "boolean", help: "only look" },
  check: { type: "boolean", default: true, help: "do not look first" },
  "more-time": { type: "string", bare: true, help: "more" },
} as const satisfies FlagTable;

Deno.test("a flag that is not given has its default, false or an empty list, with the type in its table", () => {
  const values = flagValues(table, { nToys: 3 });
  const gen: "init" | "mle" = values.gen;
  const seed: string | number | undefined = values.seed;
  const more: string | true | undefined = values.moreTime;
  assert.deepEqual([values.nToys + 1, gen, seed, values.set.length, values.dryRun, values.check, more], [
    4,
    "init",
    undefined,
    0,
    false,
    true,
    undefined,
  ]);
  assert.equal(flagValues(table, { nToys: 1, moreTime: true }).moreTime, true);
});

for (
  const [what, given] of [
    ["a missing one that is required", {}],
    ["a text for a number", { nToys: "3" }],
    ["another choice", { nToys: 3, gen: "best" }],
    ["one word for a list", { nToys: 3, set: "a=1" }],
  ] satisfies [string, Record<string, unknown>][]
) {
  Deno.test(`values that do not match their table are refused: ${what}`, () => {
    assert.throws(() => flagValues(table, given), { kind: "input", message: /^Cannot use --(n-toys|gen|set) / });
  });
}

Deno.test("an ssh run without further options has the defaults that its help shows", () => {
  const { connectTimeoutS, commandTimeoutS, hostRetryS, hostLostS, remoteBaseDir, weightMode } = optionValues(
    SSH_FLAGS,
    { "hosts-file": "/hosts" },
  );
  assert.deepEqual([connectTimeoutS, commandTimeoutS, hostRetryS, hostLostS], [15, 600, 15, 60]);
  assert.deepEqual([remoteBaseDir, weightMode], ["nsfarm_runs", "physical"]);
});

Deno.test("A port beyond 65535 and a user name with a blank are refused, for runs as for preflight", () => {
  for (const flags of [SSH_CONNECTION, SSH_FLAGS]) {
    assert.throws(() => readFlag("ssh-port", flags["ssh-port"], "70000"), {
      message: /Cannot use --ssh-port "70000": wanted a whole number from 1 to 65535/,
    });
    assert.throws(() => readFlag("ssh-user", flags["ssh-user"], "a b"), { message: /Cannot use --ssh-user "a b"/ });
  }
});
