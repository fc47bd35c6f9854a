import { Command, CommanderError } from "commander";
import { EXIT_CODES, FarmError } from "../core/errors.ts";
import { nearestName, plainPath, repeated } from "../core/flags.ts";
import { textTable } from "../core/format.ts";
import { wordsOf } from "../core/profile.ts";
import { VERSION } from "../core/version.ts";
import { PERMISSIONS } from "../runtime/system/process.ts";
import type { CommandSpec, Permission, Program } from "./flags.ts";
import { makeOutput, printAnswer } from "./output.ts";
import { defineExplain, explain, flagsOfProfile, ofProfile, openProfile, withScheduler } from "./profile_in_use.ts";
import { TABLE, type TableRow } from "./table.ts";

/**
 * Runs one command line to its exit code.
 * @throws {FarmError} what the user can mend; anything else is our bug
 */
export async function runCommandLine(argv: readonly string[]): Promise<number> {
  completePath();
  const [name, ...rest] = argv;
  if (name === undefined || name === "help" || name === "--help" || name === "-h") return help(rest.join(" "));
  const row = TABLE.find((one) => one.name === name);
  if (row) return await runCommand(row, rest);
  const [second = "--help", ...words] = rest;
  const pair = TABLE.find((one) => one.name === `${name} ${second}`);
  if (pair) return await runCommand(pair, words);
  if (second === "--help" || second === "-h") return await help(name);
  throw unknownCommand(TABLE.some((one) => one.name.startsWith(`${name} `)) ? `${name} ${second}` : name);
}

async function runCommand(row: TableRow, argv: string[]): Promise<number> {
  const { default: spec } = await row.load();
  const profile = spec.schedulers ? await openProfile(argv) : null;
  const command = await build(row, spec, withScheduler(argv, profile));
  const added = await flagsOfProfile(command, argv, profile);
  let code: number = EXIT_CODES.done;
  command.action(async () => {
    const options: Record<string, unknown> = command.opts();
    if (options["explain"] === true) {
      return explain(command, argv, profile, added, makeOutput(options["json"] === true));
    }
    dropPermissions(spec.needs);
    code = await spec.run({ args: command.args, options, out: makeOutput(options["json"] === true), program: PROGRAM });
  });
  try {
    await command.parseAsync([...wordsOf(added), ...argv], { from: "user" });
  } catch (error) {
    if (error instanceof CommanderError) return await commanderExit(error, row.name);
    throw ofProfile(error, profile, added);
  }
  return code;
}

const PROGRAM: Program = {
  rows: TABLE,
  build: async (row, argv) => build(row, (await row.load()).default, argv),
  get exit_words() {
    return EXIT_WORDS;
  },
};

/** A row of the table as a commander command with its flags. */
export async function build(row: TableRow, spec: CommandSpec, argv: readonly string[]): Promise<Command> {
  const command = new Command(`nsfarm-deno ${row.name}`).description(
    row.summary[0]?.toUpperCase() + row.summary.slice(1),
  );
  command.exitOverride().showSuggestionAfterError(true).configureOutput({
    writeOut: (text) => printAnswer(text.trimEnd()),
    writeErr: () => {},
  });
  for (const arg of row.args.split(" ").filter((word) => word !== "")) defineArgument(command, arg);
  await spec.define(command, argv);
  if (spec.schedulers) {
    command
      .option("--plugin <file>", "an adapter for a further scheduler, .ts or .js (repeatable)", repeated)
      .option("--profile <file>", "a site's or your own defaults (`none`: without)");
    defineExplain(command, argv);
  }
  command.option("--json", "print one JSON document on stdout");
  command.helpOption("-h, --help", "show this help");
  return command;
}

/** What names a run is checked here, for all commands. */
function defineArgument(command: Command, arg: string): void {
  const name = arg.replace(/[[\].]/g, "");
  if (name.startsWith("RUN_")) command.argument(angled(arg), "", plainPath(name));
  else command.argument(angled(arg));
}

const angled = (arg: string) => arg.startsWith("[") ? arg.toLowerCase() : `<${arg.toLowerCase()}>`;

async function commanderExit(error: CommanderError, name: string): Promise<number> {
  if (error.exitCode === 0) return EXIT_CODES.done;
  const [message = "", suggestion] = error.message.replace(/^error: /, "").split("\n");
  throw new FarmError(
    "usage",
    `Cannot use "${name}" like this: ${message}`,
    await schedulersFlag(message) ?? suggestion?.replace(/[()]/g, "") ?? `See nsfarm-deno ${name} --help`,
  );
}

/** A flag that only another scheduler has: the scheduler has to be named. */
async function schedulersFlag(message: string): Promise<string | undefined> {
  const option = /^unknown option '--([a-z0-9-]+)'/.exec(message)?.[1];
  if (option === undefined) return undefined;
  const { schedulerWith } = await import("../runtime/scheduler/adapters.ts");
  const scheduler = await schedulerWith(option);
  return scheduler && `It is an option of --scheduler ${scheduler}`;
}

function dropPermissions(needs: readonly Permission[]): void {
  for (const name of PERMISSIONS) if (!needs.includes(name)) Deno.permissions.revokeSync({ name });
}

/**
 * The system's own programs (cat, grep, sh) must be found also where the environment is empty. Empty words of PATH,
 * which would stand for the working directory, go.
 */
function completePath(): void {
  const words = (Deno.env.get("PATH") ?? "").split(":").filter((word) => word !== "");
  Deno.env.set("PATH", [...new Set([...words, "/usr/bin", "/bin"])].join(":"));
}

function unknownCommand(name: string): FarmError {
  const near = nearestName(name, TABLE.map((row) => row.name));
  return new FarmError(
    "usage",
    `Cannot find a command "${name}"`,
    near ? `Did you mean "${near}"?` : "See nsfarm-deno --help",
  );
}

/** Exit codes in words, for help and the manual. */
const EXIT_WORDS: readonly string[] = [
  "0 done",
  "2 wrong usage",
  "3 bad input file",
  "4 scheduler or host not reached",
  "5 shards failed or missing",
  "6 guardrails failed",
  "130/143 interrupted",
  "1 a bug of ours",
];

/** Help of one command, of all whose names begin with a word (`sweep`), or of the whole program. */
async function help(name: string): Promise<number> {
  const row = TABLE.find((one) => one.name === name);
  if (row) return await runCommand(row, ["--help"]);
  const group = TABLE.filter((one) => one.name.startsWith(`${name} `));
  if (name !== "" && group.length === 0) throw unknownCommand(name);
  const shown = name === "" ? TABLE : group;
  const rows = textTable(shown.map((one) => [`${one.name} ${one.args}`, one.summary]), { indent: "  " });
  printAnswer(
    [
      `nsfarm-deno ${VERSION}: splits nextstat toys into shards, runs them on a farm, proves and merges the set`,
      "",
      "Usage: nsfarm-deno COMMAND [OPTIONS]",
      "",
      ...rows,
      "",
      "nsfarm-deno COMMAND --help shows a command's options; --version the version.",
      `Exit codes: ${EXIT_WORDS.slice(0, 4).join(", ")},`,
      `            ${EXIT_WORDS.slice(4).join(", ")}`,
    ].join("\n"),
  );
  return EXIT_CODES.done;
}
