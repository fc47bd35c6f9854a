import { FarmError } from "./errors.ts";
import type { OptionValue } from "./schema/manifest.ts";

/** Returns a parser for a whole number of a flag. It refuses numbers beyond 2^53, whose digits would be lost. */
export function wholeNumber(flag: string, min: number, max = Number.MAX_SAFE_INTEGER): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!/^[+-]?\d+$/.test(text.trim()) || !Number.isSafeInteger(value) || value < min || value > max) {
      const range = max === Number.MAX_SAFE_INTEGER ? `of ${min} or more, below 2^53` : `from ${min} to ${max}`;
      throw new FarmError("usage", `Cannot use ${flag} "${text}": wanted a whole number ${range}`);
    }
    return value;
  };
}

export function realNumber(flag: string, min = -Infinity): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() === "" || !Number.isFinite(value) || value < min) {
      throw new FarmError(
        "usage",
        `Cannot use ${flag} "${text}": wanted a number${min === -Infinity ? "" : ` of ${min} or more`}`,
      );
    }
    return value;
  };
}

/** Returns the reader of a probability. @param example the next step, like "Like 0.01" */
export function probability(flag: string, example: string): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (value > 0 && value < 1) return value;
    throw new FarmError("usage", `Cannot use ${flag} "${text}": wanted a number between 0 and 1`, example);
  };
}

export function oneOf<T extends string>(flag: string, choices: readonly T[]): (text: string) => T {
  return (text) => {
    const found = choices.find((choice) => choice === text);
    if (found === undefined) throw new FarmError("usage", `Cannot use ${flag} "${text}": wanted ${choices.join(", ")}`);
    return found;
  };
}

/** Collects the values of a flag that may be repeated. */
export function repeated(text: string, before: string[] | undefined): string[] {
  return [...(before ?? []), text];
}

/**
 * Returns a parser for a time limit in Slurm's format (sbatch(1), --time): minutes, MM:SS or HH:MM:SS; after days D-HH,
 * D-HH:MM or D-HH:MM:SS. The result is in seconds.
 */
export function durationSeconds(flag: string): (text: string) => number {
  return (text) => {
    const [, days, ...fields] = /^(?:(\d+)-)?(\d+)(?::(\d+))?(?::(\d+))?$/.exec(text) ?? [];
    const [first, ...rest] = fields.filter((field) => field !== undefined).map(Number);
    if (first === undefined) {
      throw new FarmError("usage", `Cannot use ${flag} "${text}": wanted HH:MM:SS, D-HH:MM:SS or whole minutes`);
    }
    const [hours, minutes = 0, seconds = 0] = days === undefined && rest.length < 2
      ? [0, first, ...rest]
      : [first, ...rest];
    return ((Number(days ?? 0) * 24 + hours) * 60 + minutes) * 60 + seconds;
  };
}

/** Matches a time limit with at least minutes and seconds, or whole minutes, as durationSeconds reads them. */
export const TIME_LIMIT = "(\\d+-)?(\\d+:)?\\d+:\\d+|\\d+";

/** Returns whether a text can name a parameter: letters of any alphabet, digits, `_`, `.`, `-` and brackets. */
export const isParameterName = (text: string): boolean => /^[\p{L}\p{N}_.\-[\]]+$/u.test(text);

/** Reads the `name=value` pairs of --set. */
export function setValues(pairs: readonly string[]): Record<string, number> {
  const values: Record<string, number> = Object.create(null);
  for (const pair of pairs) {
    const cut = pair.indexOf("=");
    const name = pair.slice(0, cut);
    if (cut < 1 || !isParameterName(name)) {
      throw new FarmError("usage", `Cannot use --set "${pair}": wanted NAME=NUMBER`);
    }
    if (Object.hasOwn(values, name)) throw new FarmError("usage", `Cannot use --set twice for "${name}"`);
    values[name] = realNumber(`--set ${name}`)(pair.slice(cut + 1));
  }
  return { ...values };
}

const RUN_ID = /^[A-Za-z][A-Za-z0-9._-]{0,63}$/;

/** Checks the id of a run, a limit or a sweep, which names a folder and jobs: letters, digits, `.`, `_`, `-`, first a letter, at most 64. */
export function runId(text: string, flag = "--run-id"): string {
  if (RUN_ID.test(text)) return text;
  throw new FarmError(
    "usage",
    `Cannot use ${flag} "${printableName(text)}": wanted at most 64 letters, digits, . _ and -, first a letter`,
  );
}

// deno-lint-ignore no-control-regex
const CONTROL = /[\u0000-\u001f\u007f]/;

const printableName = (text: string) => JSON.stringify(text).slice(1, -1);

/** Returns a parser that refuses control characters in a path, since paths go into scripts and one-line values. */
export function plainPath(flag: string): (text: string) => string {
  return (text) => {
    if (text === "") throw new FarmError("usage", `Cannot use ${flag} "": wanted a path`);
    if (CONTROL.test(text)) {
      throw new FarmError(
        "usage",
        `Cannot use ${flag} "${printableName(text)}": a path may hold no line break or other control character`,
      );
    }
    return text;
  };
}

/** Headings under which help shows the flags of a run, in this order. */
export const FLAG_GROUPS = ["What to run", "How to split it", "Where", "Guardrails", "Advanced"] as const;

/** Definition of a flag as data; parser, help, completions and the type of its value are derived from it. */
export interface Flag {
  type: "string" | "path" | "integer" | "number" | "boolean" | "strings";
  help: string;
  /** Heading in the help of `run`, `render` and sweeps. */
  group?: (typeof FLAG_GROUPS)[number];
  /** Whether the flag must be given. */
  required?: boolean;
  /** Value if the flag is absent; with `true` for a boolean the flag is written `--no-NAME`. */
  default?: OptionValue;
  /** Form of the value in help: `HH:MM:SS`; a final `...` means that several words follow one flag. */
  placeholder?: string;
  /** Regular expression (source) that must match the whole value. */
  pattern?: string;
  choices?: readonly string[];
  min?: number;
  max?: number;
  /** Whether the flag may be given without a value, and is then `true`. */
  bare?: boolean;
  /** Reads a value in the flag's own way. @throws {FarmError} usage */
  read?(text: string): string | number;
}

/** Flags by name, without dashes. */
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

/** Values of a table's flags by their camelCase names. */
export type FlagValues<T extends FlagTable> = {
  [Name in keyof T as Camel<Name>]: ValueOf<T[Name]> | (IsThere<T[Name]> extends true ? never : undefined);
};

/** Returns the name under which commander keeps a flag: `shardsPerJob` of `shards-per-job`. */
export const camelCase = (name: string): string =>
  name.replaceAll(/-([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());

/** Reads one value of a flag from a command line. @throws {FarmError} usage */
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
 * Returns the values of a table's flags from values that were parsed before, by their camelCase names.
 * @throws {FarmError} input, where one has another type
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

/** Returns the same from options as a manifest keeps them, by flag name. @throws {FarmError} input */
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

/** Returns the known name nearest to a mistyped one; undefined: none (Levenshtein distance, at most a third). */
export function nearestName(name: string, known: readonly string[]): string | undefined {
  const ranked = known.map((one) => ({ one, far: distance(name, one) })).sort((a, b) => a.far - b.far)[0];
  return ranked && ranked.far <= Math.max(2, Math.floor(name.length / 3)) ? ranked.one : undefined;
}

function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      next.push(Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, (row[j - 1] ?? 0) + same));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
