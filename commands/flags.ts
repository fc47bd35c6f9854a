import { type Command, Option } from "commander";
import { EXIT_CODES, FarmError } from "../core/errors.ts";
import {
  camelCase,
  type Flag,
  type FlagTable,
  type FlagValues,
  flagValues,
  readFlag,
  realNumber,
  repeated,
} from "../core/flags.ts";
import type { FarmManifest } from "../core/schema/manifest.ts";
import type { PERMISSIONS } from "../runtime/system/process.ts";

/** Some flags, of one command or shared by several. */
interface Flags<T extends FlagTable> {
  readonly table: T;
  /** Adds the flags to a command, in their order. */
  define(this: void, command: Command): void;
  /** Returns the values of the flags among those that commander parsed. */
  read(this: void, options: Readonly<Record<string, unknown>>): FlagValues<T>;
  /** Returns the words that give the same values again, except those of the flags named. */
  words(this: void, values: FlagValues<T>, except: readonly (keyof T)[]): string[];
}

/** Returns the flags of a table: for commander, for the help, and as typed values. */
export function defineFlags<const T extends FlagTable>(table: T): Flags<T> {
  return {
    table,
    define: (command) => {
      for (const [name, flag] of Object.entries(table)) {
        addFlag(command, name, flag, (text) => readFlag(name, flag, text));
      }
    },
    read: (options) => flagValues(table, options),
    words: (values, except) => {
      const given = new Map(Object.entries<unknown>(values));
      return Object.entries(table).flatMap(([name, flag]) =>
        except.includes(name) ? [] : wordsOf(name, flag, given.get(camelCase(name)))
      );
    },
  };
}

function wordsOf(name: string, flag: Flag, value: unknown): string[] {
  if (value === undefined || value === (flag.default ?? false)) return [];
  if (value === true || value === false) return [value ? `--${name}` : `--no-${name}`];
  return Array.isArray(value) ? value.map((one) => `--${name}=${one}`) : [`--${name}=${value}`];
}

/** Adds one flag to a command. @param read reads one word of its value */
export function addFlag(command: Command, name: string, flag: Flag, read: (text: string) => unknown): void {
  const option = new Option(writtenAs(name, flag), flag.help);
  if (flag.choices) option.argChoices = [...flag.choices];
  if (flag.type === "strings") {
    option.argParser<string[]>((text, before: unknown) =>
      repeated(`${read(text)}`, Array.isArray(before) ? before.map(String) : undefined)
    );
  } else if (flag.type !== "boolean") option.argParser(read);
  if (flag.default !== undefined && flag.type !== "boolean") option.default(flag.default);
  if (flag.group) option.helpGroup(flag.group);
  command.addOption(option.makeOptionMandatory(flag.required === true));
}

function writtenAs(name: string, { type, default: otherwise, bare, placeholder = type }: Flag): string {
  if (type === "boolean") return otherwise === true ? `--no-${name}` : `--${name}`;
  return bare ? `--${name} [${placeholder}]` : `--${name} <${placeholder}>`;
}

export type Permission = (typeof PERMISSIONS)[number];

/** Output of a command: stdout has the answer, stderr the progress. */
export interface Output {
  json: boolean;
  /** Prints the answer as text; nothing with --json. */
  print(text: string): void;
  /** Prints the answer with --json: one document, on one line when `stream`. */
  document(value: unknown, stream?: boolean): void;
  note(text: string): void;
  warn(text: string): void;
}

interface Invocation {
  args: string[];
  options: Record<string, unknown>;
  out: Output;
  program: Program;
}

/** All commands, for those that describe the others. */
export interface Program {
  rows: readonly TableRow[];
  /** Returns a row's command with its flags, which may depend on the command line. */
  build(row: TableRow, argv: readonly string[]): Promise<Command>;
}

export interface TableRow {
  name: string;
  args: string;
  summary: string;
  load: () => Promise<{ default: CommandSpec }>;
  /** Starts work that goes on while a command that is run loads its file. */
  begin?: () => Promise<void>;
}

/** One command: its flags, and a call into runtime/. */
export interface CommandSpec {
  /** Kinds of permission that it keeps; the others are dropped before it runs. */
  needs: readonly Permission[];
  /** Whether it concerns a scheduler, so that plugins can be named. */
  schedulers?: true;
  /** Adds its flags, which may depend on the command line `argv`: a scheduler has options of its own. */
  define(command: Command, argv: readonly string[]): void | Promise<void>;
  run(invocation: Invocation): Promise<number>;
}

/** Permissions of a command that acts: most do. */
const ACTING: readonly Permission[] = ["read", "write", "run", "env", "sys"];

/** Flags of a command that has none, or only such as it defines itself. */
export const NO_FLAGS = defineFlags({});

/** A command as its file writes it: with the values of its flags, and without what most commands have in common. */
export interface OwnCommand<T extends FlagTable> extends Partial<Pick<CommandSpec, "needs" | "schedulers" | "define">> {
  flags: Flags<T>;
  /** Does its work, and returns the exit code where that may be another one than 0. */
  run(invocation: Invocation & { flags: FlagValues<T> }): number | void | Promise<number | void>;
}

/** Returns a command with the flags of a table, then those that `define` adds. */
export const defineCommand = <T extends FlagTable>({ flags, define, run, ...rest }: OwnCommand<T>): CommandSpec => ({
  needs: ACTING,
  ...rest,
  define: async (command, argv) => {
    flags.define(command);
    await define?.(command, argv);
  },
  run: async (invocation) => await run({ ...invocation, flags: flags.read(invocation.options) }) ?? EXIT_CODES.done,
});

/** Returns what adds lines about the actions of a command to its help. */
export const withActions = (lines: readonly string[]) => (command: Command): void => {
  command.addHelpText("after", ["", ...lines.map((line) => `  ${line}`)].join("\n"));
};

/** Returns the values that a command line gives a flag on which other flags depend, before commander parses. */
export function typedValues(argv: readonly string[], flag: string): string[] {
  return argv.flatMap((word, i) => {
    if (word.startsWith(`${flag}=`)) return [word.slice(flag.length + 1)];
    const value = argv[i + 1];
    return word === flag && value !== undefined ? [value] : [];
  });
}

/** Flags for guardrails on the merged set; shared by render, run, sweep and merge. */
export const GUARDRAIL_FLAGS = {
  "require-all-converged": {
    group: "Guardrails",
    type: "boolean",
    help: "guardrail on the merged set: every toy converged",
  },
  "max-abs-poi-pull-mean": {
    group: "Guardrails",
    type: "number",
    placeholder: "x",
    help: "guardrail on the merged set: |mean pull| at most x",
  },
  "poi-pull-std-range": {
    group: "Guardrails",
    type: "strings",
    placeholder: "lo hi...",
    help: "guardrail on the merged set: std of the pulls within lo and hi",
  },
  "max-missed": {
    group: "Guardrails",
    type: "number",
    placeholder: "x",
    min: 0,
    max: 1,
    help: "guardrail with --starts: share of minima missed",
  },
} as const satisfies FlagTable;

/** Returns the guardrails of the flags. @throws {FarmError} usage */
export function readGuardrails(flags: FlagValues<typeof GUARDRAIL_FLAGS>): FarmManifest["farm"]["guardrails"] {
  return {
    require_all_converged: flags.requireAllConverged,
    max_abs_poi_pull_mean: flags.maxAbsPoiPullMean ?? null,
    poi_pull_std_range: flags.poiPullStdRange.length > 0 ? stdRange(flags.poiPullStdRange) : null,
    ...(flags.maxMissed === undefined ? {} : { max_missed: flags.maxMissed }),
  };
}

function stdRange(words: readonly string[]): [number, number] {
  const [lo, hi, ...more] = words.flatMap((word) => word.split(",")).map(realNumber("--poi-pull-std-range", 0));
  if (lo === undefined || hi === undefined || more.length > 0 || lo > hi) {
    const wanted = "wanted two numbers, LO HI, the smaller one first";
    throw new FarmError("usage", `Cannot use --poi-pull-std-range "${words.join(" ")}": ${wanted}`);
  }
  return [lo, hi];
}
