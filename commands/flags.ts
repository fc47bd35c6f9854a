import { type Command, Option } from "commander";
import { FarmError } from "../core/errors.ts";
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

/** The flags of a command, or some that several commands share. */
interface Flags<T extends FlagTable> {
  readonly table: T;
  /** Adds them to a command, in their order. */
  define(this: void, command: Command): void;
  /** Returns their values among those that commander parsed. */
  read(this: void, options: Readonly<Record<string, unknown>>): FlagValues<T>;
  /** Returns the words that give the same values again, but those of the flags named. */
  words(this: void, values: FlagValues<T>, except: readonly (keyof T)[]): string[];
}

/** Makes of a table what commander parses, the help, and the values with their types. */
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

/** Where a command's words go: stdout is the answer, stderr the progress. */
export interface Output {
  json: boolean;
  /** The answer: text, or with --json nothing. */
  print(text: string): void;
  /** The answer with --json: one document, on one line when `stream`. */
  document(value: unknown, stream?: boolean): void;
  /** Progress and warnings. */
  note(text: string): void;
}

interface Invocation {
  args: string[];
  options: Record<string, unknown>;
  out: Output;
  program: Program;
}

/** All commands, for those that speak of the others. */
export interface Program {
  rows: readonly TableRow[];
  /** A row with its flags, which may depend on what was typed. */
  build(row: TableRow, argv: readonly string[]): Promise<Command>;
}

export interface TableRow {
  name: string;
  args: string;
  summary: string;
  /** The script of NextStat's scripts/farm that it comes from. */
  from: string;
  load: () => Promise<{ default: CommandSpec }>;
}

/** One command: its flags, and a call into runtime/. */
export interface CommandSpec {
  name: string;
  /** Kinds of permission that it keeps; the others are dropped before it runs. */
  needs: readonly Permission[];
  /** It speaks of a scheduler, so that plugins can be named. */
  schedulers?: true;
  /** argv is what was typed: flags may depend on it (a scheduler has its own). */
  define(command: Command, argv: readonly string[]): void | Promise<void>;
  run(invocation: Invocation): Promise<number>;
}

/** What a command line gives a flag, before its flags are known: some of them depend on it. */
export function typedValues(argv: readonly string[], flag: string): string[] {
  return argv.flatMap((word, i) => {
    if (word.startsWith(`${flag}=`)) return [word.slice(flag.length + 1)];
    const value = argv[i + 1];
    return word === flag && value !== undefined ? [value] : [];
  });
}

/** What the merged set must be; render, run, sweep and merge share them. */
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
} as const satisfies FlagTable;

/** @throws {FarmError} usage */
export function readGuardrails(flags: FlagValues<typeof GUARDRAIL_FLAGS>): FarmManifest["farm"]["guardrails"] {
  return {
    require_all_converged: flags.requireAllConverged,
    max_abs_poi_pull_mean: flags.maxAbsPoiPullMean ?? null,
    poi_pull_std_range: flags.poiPullStdRange.length > 0 ? stdRange(flags.poiPullStdRange) : null,
  };
}

function stdRange(words: readonly string[]): [number, number] {
  const [lo, hi, ...more] = words.flatMap((word) => word.split(",")).map(realNumber("--poi-pull-std-range", 0));
  if (lo === undefined || hi === undefined || more.length > 0 || lo > hi) {
    throw new FarmError("usage", `Cannot use --poi-pull-std-range "${words.join(" ")}": wanted two numbers, LO HI`);
  }
  return [lo, hi];
}
