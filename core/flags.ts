import type { OptionValue } from "./contracts/manifest.ts";
import { FarmError } from "./errors.ts";
import { oneOf, plainPath, realNumber, wholeNumber } from "./parse_flag.ts";

/** A flag as data: of it are made what commander parses, the help, the completions and the type of its value. */
export interface Flag {
  type: "string" | "path" | "integer" | "number" | "boolean" | "strings";
  help: string;
  /** Whether a command line cannot be without it. */
  required?: boolean;
  /** The value where it is not given; `true` of a boolean: the flag is written `--no-NAME`. */
  default?: OptionValue;
  /** How a value is shown in help: `HH:MM:SS`; with `...` at its end several words follow one flag. */
  placeholder?: string;
  /** A value must match this whole (a regular expression's source). */
  pattern?: string;
  choices?: readonly string[];
  min?: number;
  max?: number;
  /** It may stand without a value, and is `true` then. */
  bare?: boolean;
  /** Reads a value in a way of its own. @throws {FarmError} usage */
  read?(text: string): string | number;
}

/** Flags by their names, without the dashes. */
export type FlagTable = Readonly<Record<string, Flag>>;

type Camel<Name> = Name extends `${infer Head}-${infer Tail}` ? `${Head}${Capitalize<Camel<Tail>>}` : Name;

type TextOf<F extends Flag> = F extends { choices: readonly (infer Choice)[] } ? Choice : string;

type ValueOf<F extends Flag> = F["type"] extends "strings" ? string[]
  : F extends { read(text: string): infer Value } ? Value
  : F["type"] extends "integer" | "number" ? number
  : F["type"] extends "boolean" ? boolean
  : F extends { bare: true } ? string | true
  : TextOf<F>;

type IsThere<F extends Flag> = F["type"] extends "boolean" | "strings" ? true
  : F extends { required: true } | { default: OptionValue } ? true
  : false;

/** What a command line gives the flags of a table, by their names in camelCase. */
export type FlagValues<T extends FlagTable> = {
  [Name in keyof T as Camel<Name>]: ValueOf<T[Name]> | (IsThere<T[Name]> extends true ? never : undefined);
};

/** Returns the name under which commander keeps a flag: `shardsPerJob` of `shards-per-job`. */
export const camelCase = (name: string): string =>
  name.replaceAll(/-([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());

/** Reads one value of a flag off a command line. @throws {FarmError} usage */
export function readFlag(name: string, flag: Flag, text: string): string | number {
  const typed = `--${name}`;
  if (flag.read) return flag.read(text);
  if (flag.type === "integer") return wholeNumber(typed, flag.min ?? 0, flag.max)(text);
  if (flag.type === "number") return realNumber(typed, flag.min ?? 0)(text);
  if (flag.type === "path") return plainPath(typed)(text);
  if (flag.choices) return oneOf(typed, flag.choices)(text);
  if (flag.pattern === undefined || new RegExp(`^(?:${flag.pattern})$`).test(text)) return text;
  throw new FarmError("usage", `Cannot use ${typed} "${text}": wanted ${flag.placeholder ?? flag.help}`);
}

/**
 * Returns the values of a table's flags among values that were read before, by their names in camelCase.
 * @throws {FarmError} input, where one is of another type
 */
export function flagValues<T extends FlagTable>(table: T, given: Readonly<Record<string, unknown>>): FlagValues<T> {
  const values = Object.fromEntries(
    Object.entries(table).map(([name, flag]) => [camelCase(name), given[camelCase(name)] ?? valueOtherwise(flag)]),
  );
  if (fits(table, values)) return values;
  const [name, flag] = Object.entries(table).find(([name, flag]) => !isOf(flag, values[camelCase(name)])) ?? [];
  throw new FarmError(
    "input",
    `Cannot use --${name} ${JSON.stringify(values[camelCase(name ?? "")])}: wanted a ${flag?.type}`,
  );
}

/** Returns the same of options as a manifest keeps them, by the names of their flags. @throws {FarmError} input */
export const optionValues = <T extends FlagTable>(
  table: T,
  options: Readonly<Record<string, OptionValue>>,
): FlagValues<T> =>
  flagValues(table, Object.fromEntries(Object.entries(options).map(([name, value]) => [camelCase(name), value])));

const valueOtherwise = ({ type, default: otherwise }: Flag): OptionValue | undefined =>
  otherwise ?? (type === "boolean" ? false : type === "strings" ? [] : undefined);

const fits = <T extends FlagTable>(table: T, values: Record<string, unknown>): values is FlagValues<T> =>
  Object.entries(table).every(([name, flag]) => isOf(flag, values[camelCase(name)]));

function isOf(flag: Flag, value: unknown): boolean {
  if (value === undefined) return flag.required !== true;
  if (flag.type === "strings") return Array.isArray(value) && value.every((one) => typeof one === "string");
  if (flag.read) return typeof value === "string" || typeof value === "number";
  if (flag.type === "boolean") return typeof value === "boolean";
  if (flag.type === "integer" || flag.type === "number") return typeof value === "number";
  if (typeof value !== "string") return flag.bare === true && value === true;
  return flag.choices?.includes(value) ?? true;
}
