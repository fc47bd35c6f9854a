import { type Command, Option } from "commander";
import { camelCase, type Flag, type FlagTable, type FlagValues, flagValues, readFlag } from "../core/flags.ts";
import { repeated } from "../core/parse_flag.ts";

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
  command.addOption(option.makeOptionMandatory(flag.required === true));
}

function writtenAs(name: string, { type, default: otherwise, bare, placeholder = type }: Flag): string {
  if (type === "boolean") return otherwise === true ? `--no-${name}` : `--${name}`;
  return bare ? `--${name} [${placeholder}]` : `--${name} <${placeholder}>`;
}
