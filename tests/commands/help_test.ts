import assert from "node:assert/strict";
import { EXAMPLES, nextCommands } from "../../commands/examples.ts";
import { allHelp, exitCodeRows, firstHelp, HELP_TOPICS } from "../../commands/help.ts";
import { build, runCommandLine } from "../../commands/program.ts";
import { TABLE } from "../../commands/table.ts";
import { EXIT_CODES } from "../../core/errors.ts";
import { FLAG_GROUPS } from "../../core/flags.ts";
import { parseCommandLine } from "./support/parse_command_line.ts";

async function helpOf(name: string, argv: string[] = []): Promise<string> {
  const row = TABLE.find((one) => one.name === name);
  assert.ok(row);
  return (await build(row, (await row.load()).default, argv)).helpInformation();
}

/** The heads of a help text, in their order. */
const headsIn = (help: string): string[] => [...help.matchAll(/^(\S.*):$/gm)].map(([, head = ""]) => head);

/** The flags below a head. */
const below = (help: string, head: string): string[] => {
  const section = help.split(`\n${head}:\n`)[1]?.split("\n\n")[0] ?? "";
  return [...section.matchAll(/^ {2}(?:-\w, )?--([a-z-]+)/gm)].map(([, flag = ""]) => flag);
};

for (const name of ["run", "render", "sweep run", "sweep render"]) {
  Deno.test(`The help of ${name} groups its options under five headings, with --json and --help after them`, async () => {
    for (const scheduler of ["local", "ssh", "slurm", "htcondor"]) {
      const help = await helpOf(name, ["--scheduler", scheduler]);
      assert.deepEqual(headsIn(help), [...FLAG_GROUPS, "Options"]);
      assert.deepEqual(below(help, "Options"), ["json", "help"]);
      assert.deepEqual(below(help, "What to run").slice(0, 2), ["config", "n-toys"]);
      assert.ok(below(help, "Guardrails").includes("require-all-converged"));
      assert.ok(below(help, "Where").includes("scheduler"));
    }
    assert.ok(below(await helpOf(name, ["--scheduler=slurm"]), "Where").includes("slurm-time"));
  });
}

Deno.test("Every flag of a run has a heading in its table, so that only old and general ones default to Advanced", async () => {
  const row = TABLE.find((one) => one.name === "run");
  assert.ok(row);
  const { default: spec } = await row.load();
  const { Command } = await import("commander");
  const command = new Command("run");
  await spec.define(command, []);
  const without = command.options.filter((one) => one.helpGroupHeading === undefined).map(({ description }) =>
    description
  );
  assert.deepEqual(without.filter((one) => !one.includes("old flag, ignored")), []);
});

Deno.test("Each option of a command has one line of help at 100 columns, unless it lists choices", async () => {
  const long: string[] = [];
  for (const row of TABLE) {
    const command = await build(row, (await row.load()).default, []);
    const lines = command.configureOutput({ getOutHelpWidth: () => 100 }).helpInformation().split("\n");
    const options = lines.slice(lines.findIndex((line) => /^\S.*:$/.test(line)));
    const heads = options.flatMap((line, i) =>
      /^ {2}-/.test(line) && /^ {10,}\S/.test(options[i + 1] ?? "") ? [i] : []
    );
    long.push(
      ...heads.map((i) => `${row.name}${options.slice(i, i + 3).join(" ").replaceAll(/ +/g, " ")}`)
        .filter((text) => !text.includes("(choices")),
    );
  }
  assert.deepEqual(long, []);
});

Deno.test("The options of commands without toys stay in one list", async () => {
  for (const name of ["status", "merge", "retry", "plan"]) assert.deepEqual(headsIn(await helpOf(name)), ["Options"]);
});

Deno.test("Each command has examples, and the program accepts each of them", async () => {
  assert.deepEqual(Object.keys(EXAMPLES).sort(), TABLE.map(({ name }) => name).sort());
  for (const [purpose, command] of Object.values(EXAMPLES).flat()) {
    assert.match(purpose, /^[A-Z0-9].*:$/);
    await parseCommandLine(command);
  }
});

Deno.test("The parser of these tests refuses a command line that the program would refuse", async () => {
  await assert.rejects(parseCommandLine("nsfarm-deno status study1 --frobnicate"));
  await assert.rejects(parseCommandLine("nsfarm-deno statsu study1"));
  await assert.rejects(parseCommandLine("nsfarm-deno run --config SPEC.json"));
});

Deno.test("The program without a command shows the five commands to begin with, and how to see all", () => {
  const text = firstHelp(TABLE);
  const names = [...text.matchAll(/^ {2}([a-z]+)(?: RUN_\w+)? {2,}/gm)].map(([, name]) => name);
  assert.deepEqual(names, ["preflight", "run", "status", "doctor", "report"]);
  assert.match(text, /nsfarm-deno --help +all commands/);
});

Deno.test("The whole help names each command and each topic", () => {
  const text = allHelp(TABLE);
  for (const { name } of TABLE) assert.ok(text.includes(`\n  ${name} `), name);
  for (const name of Object.keys(HELP_TOPICS)) assert.ok(text.includes(`\n  ${name} `), name);
});

Deno.test("A help topic is made of the program's own table", async () => {
  assert.deepEqual(exitCodeRows().map(([code]) => Number(code)), Object.values(EXIT_CODES));
  const text = async (name: string) => (await HELP_TOPICS[name]?.lines() ?? []).join("\n");
  assert.match(await text("exit-codes"), /^ +5 +shards failed, missing or not finished/m);
  assert.match(await text("files"), /^ +merged\.out\.json +all toys/m);
  assert.match(await text("environment"), /^ +NSFARM_PROFILE /m);
  for (const name of ["local", "ssh", "slurm", "htcondor"]) {
    assert.match(await text("schedulers"), new RegExp(`^ +${name} `, "m"));
  }
});

Deno.test("A mistyped help topic is refused with the nearest one", async () => {
  await assert.rejects(runCommandLine(["help", "enviroment"]), { kind: "usage", next: 'Did you mean "environment"?' });
});

Deno.test("After a run the next commands depend on its exit code, and the program accepts each of them", async () => {
  const names = async (code: number) => {
    const [head, ...lines] = nextCommands("/data/my runs/r", code);
    assert.equal(head, "Next:");
    const commands = lines.map((line) => line.trim().split(/ {2,}/)[0] ?? "");
    for (const one of commands) assert.deepEqual((await parseCommandLine(one)).args, ["/data/my runs/r"]);
    return commands.map((one) => one.split(" ")[1]);
  };
  assert.deepEqual(await names(EXIT_CODES.done), ["report", "archive"]);
  assert.deepEqual(await names(EXIT_CODES.shards), ["doctor", "retry"]);
  assert.deepEqual(await names(EXIT_CODES.guardrails), ["report", "doctor"]);
});
