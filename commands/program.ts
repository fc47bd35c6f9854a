import { Command, CommanderError } from "commander";
import { EXIT_CODES, FarmError } from "../core/errors.ts";
import { nearestName, plainPath, repeated } from "../core/flags.ts";
import { wordsOf } from "../core/profile.ts";
import { PERMISSIONS } from "../runtime/system/process.ts";
import { MERGE_HELPER, SHARD_READER } from "../runtime/system/second_thread.ts";
import type { CommandSpec, Permission, Program } from "./flags.ts";
import { addExamples, allHelp, firstHelp, groupOptions, HELP_TOPICS } from "./help.ts";
import { makeOutput, printAnswer } from "./output.ts";
import { TABLE, type TableRow } from "./table.ts";

/**
 * Runs one command line and returns its exit code.
 * @throws {FarmError} for errors that the user can correct; any other error is an internal one
 */
export async function runCommandLine(argv: readonly string[]): Promise<number> {
  completePath();
  const [name, ...rest] = argv;
  if (name === undefined) return printFirst();
  if (name === "help" || name === "--help" || name === "-h") return help(rest.join(" "));
  const row = TABLE.find((one) => one.name === name);
  if (row) return await runCommand(row, rest);
  const [second = "--help", ...words] = rest;
  const pair = TABLE.find((one) => one.name === `${name} ${second}`);
  if (pair) return await runCommand(pair, words);
  if (second === "--help" || second === "-h") return await help(name);
  throw unknownCommand(TABLE.some((one) => one.name.startsWith(`${name} `)) ? `${name} ${second}` : name);
}

const THREADS = new Map<string, () => Promise<unknown>>([
  [SHARD_READER, () => import("../runtime/state/done_shards.ts")],
  [MERGE_HELPER, () => import("../runtime/merge/worker.ts")],
]);

/**
 * Loads the module that answers in the second thread of this name. The built program is one script without URLs of its
 * modules, so that a second thread loads all of it and calls this.
 */
export async function loadThread(name: string): Promise<void> {
  await THREADS.get(name)?.();
}

async function runCommand(row: TableRow, argv: string[]): Promise<number> {
  await row.begin?.();
  const { default: spec } = await row.load();
  // `job` and other commands without options of schedulers read no profile, and start sooner without its modules.
  const use = spec.schedulers ? await import("./profile_in_use.ts") : null;
  const profile = use && await use.openProfile(argv);
  const command = await build(row, spec, use ? use.withScheduler(argv, profile) : argv);
  const added = use ? await use.flagsOfProfile(command, argv, profile) : [];
  let code: number = EXIT_CODES.done;
  command.action(async () => {
    const options: Record<string, unknown> = command.opts();
    if (use && options["explain"] === true) {
      return use.explain(command, argv, profile, added, makeOutput(options["json"] === true));
    }
    dropPermissions(spec.needs);
    code = await spec.run({ args: command.args, options, out: makeOutput(options["json"] === true), program: PROGRAM });
  });
  const words = [...wordsOf(added), ...argv];
  try {
    await command.parseAsync(words, { from: "user" });
  } catch (error) {
    if (error instanceof CommanderError) {
      return await commanderExit(await unknownOption(error, command, words), command, row.name);
    }
    throw use ? use.ofProfile(error, profile, added) : error;
  }
  return code;
}

const PROGRAM: Program = {
  rows: TABLE,
  build: async (row, argv) => build(row, (await row.load()).default, argv),
};

/** Returns a row of the table as a commander command with its flags. */
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
      .option("--plugin <file>", "plugin for another scheduler, .ts or .js (repeatable)", repeated)
      .option("--profile <file>", "file with default options (`none` = no profile)");
    const { defineExplain } = await import("./profile_in_use.ts");
    defineExplain(command, argv);
  }
  groupOptions(command);
  command.option("--json", "print one JSON document on stdout");
  command.helpOption("-h, --help", "show this help");
  addExamples(command, row.name);
  return command;
}

/** Adds an argument to a command; one that names a run is checked here for all commands. */
function defineArgument(command: Command, arg: string): void {
  const name = arg.replace(/[[\].]/g, "");
  const read = plainPath(name);
  if (!name.startsWith("RUN_")) command.argument(angled(arg));
  else if (!arg.includes("...")) command.argument(angled(arg), "", read);
  else command.argument<string[]>(angled(arg), "", (text, before: unknown) => [...listOf(before), read(text)]);
}

const listOf = (value: unknown): string[] => Array.isArray(value) ? value.map(String) : [];

const angled = (arg: string) => arg.startsWith("[") ? arg.toLowerCase() : `<${arg.toLowerCase()}>`;

/** Returns the error of an unknown option, if any, in place of that of a missing one, which it may be, misspelt. */
async function unknownOption(
  error: CommanderError,
  command: Command,
  words: readonly string[],
): Promise<CommanderError> {
  if (error.code !== "commander.missingMandatoryOptionValue") return error;
  for (const option of command.options) option.makeOptionMandatory(false);
  try {
    await command.action(() => {}).parseAsync(words, { from: "user" });
  } catch (other) {
    if (other instanceof CommanderError && other.code === "commander.unknownOption") return other;
  }
  return error;
}

async function commanderExit(error: CommanderError, command: Command, name: string): Promise<number> {
  if (error.exitCode === 0) return EXIT_CODES.done;
  const [message = "", suggestion] = error.message.replace(/^error: /, "").split("\n");
  throw new FarmError(
    "usage",
    `Cannot use "${name}" like this: ${message}`,
    await schedulersFlag(message, command) ?? suggestion?.replace(/[()]/g, "") ?? `See nsfarm-deno ${name} --help`,
  );
}

/** Returns advice for a flag of another scheduler, or for one of the given scheduler without the prefix of its name. */
async function schedulersFlag(message: string, { options }: Command): Promise<string | undefined> {
  const option = /^unknown option '--([a-z0-9-]+)'/.exec(message)?.[1];
  if (option === undefined) return undefined;
  const prefixed = options.find(({ long }) => long?.replace(/^--[a-z]+-/, "") === option)?.long;
  if (prefixed) return `Did you mean ${prefixed}?`;
  const { schedulerWith } = await import("../runtime/scheduler/adapters.ts");
  const scheduler = await schedulerWith(option);
  return scheduler && `It is an option of --scheduler ${scheduler}`;
}

function dropPermissions(needs: readonly Permission[]): void {
  for (const name of PERMISSIONS) if (!needs.includes(name)) Deno.permissions.revokeSync({ name });
}

/** Adds the system's folders to PATH, for an empty environment; drops empty words, which mean the working directory. */
function completePath(): void {
  const words = (Deno.env.get("PATH") ?? "").split(":").filter((word) => word !== "");
  Deno.env.set("PATH", [...new Set([...words, "/usr/bin", "/bin"])].join(":"));
}

function unknownCommand(name: string, topics: readonly string[] = []): FarmError {
  const near = nearestName(name, [...TABLE.map((row) => row.name), ...topics]);
  return new FarmError(
    "usage",
    `Cannot find a command "${name}"`,
    near ? `Did you mean "${near}"?` : "See nsfarm-deno --help",
  );
}

/** Prints the help of one command, of all whose names begin with a word (`sweep`), of a topic, or of the program. */
async function help(name: string): Promise<number> {
  const row = TABLE.find((one) => one.name === name);
  if (row) return await runCommand(row, ["--help"]);
  const topic = Object.hasOwn(HELP_TOPICS, name) ? HELP_TOPICS[name] : undefined;
  if (topic) {
    printAnswer((await topic.lines()).join("\n"));
    return EXIT_CODES.done;
  }
  const shown = name === "" ? TABLE : TABLE.filter((one) => one.name.startsWith(`${name} `));
  if (shown.length === 0) throw await noHelp(name);
  printAnswer(allHelp(shown));
  return EXIT_CODES.done;
}

async function noHelp(name: string): Promise<FarmError> {
  const { BUILT_IN_NAMES } = await import("../runtime/scheduler/adapters.ts");
  if (!BUILT_IN_NAMES.includes(name)) return unknownCommand(name, Object.keys(HELP_TOPICS));
  const next = `The options of ${name}: nsfarm-deno run --help --scheduler ${name}`;
  return new FarmError("usage", `Cannot find a command or topic "${name}"`, next);
}

function printFirst(): number {
  printAnswer(firstHelp(TABLE));
  return EXIT_CODES.done;
}
