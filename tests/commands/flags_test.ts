import { Command } from "commander";
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { completeWords } from "../../commands/completions.ts";
import { defineFlags } from "../../commands/flags.ts";
import { build, runCommandLine } from "../../commands/program.ts";
import { readRequest } from "../../commands/request_flags.ts";
import { TABLE } from "../../commands/table.ts";
import { loadAdapter } from "../../runtime/scheduler/adapters.ts";
import { root } from "../../scripts/tools.ts";

const flags = defineFlags({
  slots: { type: "integer", min: 1, placeholder: "n", help: "how many" },
  set: { type: "strings", placeholder: "name=value", help: "values" },
  force: { type: "boolean", help: "do it" },
  merge: { type: "boolean", default: true, help: "do not merge" },
  mode: { type: "string", choices: ["shared", "transfer"], default: "shared", help: "how" },
});

function parse(argv: string[]) {
  const command = new Command("x").exitOverride();
  flags.define(command);
  return flags.read(command.parse(argv, { from: "user" }).opts());
}

Deno.test("The flags of a table are parsed by commander, with their types", () => {
  assert.deepEqual(parse([]), { slots: undefined, set: [], force: false, merge: true, mode: "shared" });
  assert.deepEqual(parse(["--slots", "3", "--set=a=1", "--set", "b=2", "--force", "--no-merge", "--mode=transfer"]), {
    slots: 3,
    set: ["a=1", "b=2"],
    force: true,
    merge: false,
    mode: "transfer",
  });
  assert.throws(() => parse(["--slots=0"]), { message: /Cannot use --slots "0"/ });
});

Deno.test("The words made of values give the same values again, without the flags that are left out", () => {
  const values = parse(["--slots=3", "--set=a=1", "--set=b=2", "--force", "--no-merge", "--mode=transfer"]);
  assert.deepEqual(parse(flags.words(values, [])), values);
  assert.deepEqual(flags.words(parse([]), []), []);
  assert.deepEqual(flags.words(values, ["set", "force", "mode"]), ["--slots=3", "--no-merge"]);
});

Deno.test("Every flag with choices is completed with them, in every command and scheduler", async () => {
  const load = async (row: typeof TABLE[number], argv: readonly string[]) =>
    await build(row, (await row.load()).default, argv);
  const program = { rows: TABLE, build: load };
  const words = async (...typed: string[]) => (await completeWords(typed, program)).map(({ word }) => word);
  assert.deepEqual(await words("render", "--gen", ""), ["init", "mle"]);
  assert.deepEqual(await words("retry", "--mode=t"), ["transfer"]);
  assert.deepEqual(await words("run", "--scheduler=ssh", "--weight-mode", "p"), ["physical"]);
  assert.deepEqual(await words("help", "re"), ["render", "resume", "retry", "report"]);
  assert.deepEqual(await words("help", "sweep", "sub"), ["submit"]);
  assert.deepEqual(await words("help", "e"), ["extend", "export", "exit-codes", "environment"]);
});

Deno.test("Flags about pilots are refused without --pilots, not ignored", async () => {
  const adapter = await loadAdapter("slurm");
  const options = { config: "x", nToys: 4, shards: 2, nextstatBin: "/bin/true", extraArg: [], set: [] };
  const read = (more: object) => () => readRequest({ ...options, ...more }, adapter, "x");
  assert.throws(read({ speculate: true }), { kind: "usage", message: /Cannot use --speculate without --pilots/ });
  assert.throws(read({ heartbeatS: 5 }), { kind: "usage", message: /Cannot use --heartbeat-s without --pilots/ });
  assert.equal(read({ speculate: true, pilots: 2 })().options["speculate"], true);
});

/** Where commander itself is given a flag: what all commands have, what names a scheduler, and old names. */
const BY_HAND = ["profile_in_use.ts", "program.ts", "run.ts", "scheduler_flags.ts"];

Deno.test("Flags are written in tables, once, and not by hand beside a list of their types", () => {
  const files = readdirSync(join(root, "commands"), { recursive: true, encoding: "utf8" }).filter((path) =>
    path.endsWith(".ts")
  );
  const found = files.filter((path) =>
    /\.(?:requiredOption|option)\(\s*["'`]--|\.option\(flags\b|z\.object\(/.test(
      readFileSync(join(root, "commands", path), "utf8"),
    )
  );
  assert.ok(files.length > 40);
  assert.deepEqual(found.sort(), BY_HAND);
});

Deno.test("An invalid token of a worker loop is a usage error, not an internal one", async () => {
  await assert.rejects(runCommandLine(["work", "/nowhere", "--token", "zz"]), {
    kind: "usage",
    message: 'Cannot use --token "zz": wanted 16 hexadecimal digits',
  });
});
