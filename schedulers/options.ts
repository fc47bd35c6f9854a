import { FarmError } from "../core/errors.ts";
import type { OptionValue } from "../core/schema/manifest.ts";
import type { SchedulerOption } from "./adapter_values.ts";

export type Options = Readonly<Record<string, OptionValue>>;

// deno-lint-ignore no-control-regex
const CONTROL = /[\u0000-\u001f\u007f\u2028\u2029]/;

/** Returns the value of a text option; undefined if it was not given. */
export function textOption(options: Options, name: string): string | undefined {
  const value = own(options, name);
  return value === undefined ? undefined : oneLine(name, String(value));
}

/** Returns the value of an option with a whole number of 1 or more; undefined if it was not given. */
export function countOption(options: Options, name: string): number | undefined {
  const value = own(options, name);
  if (value === undefined) return undefined;
  const count = Number(value);
  if (Number.isSafeInteger(count) && count >= 1) return count;
  throw new FarmError("usage", `Cannot use --${name} "${value}": wanted a whole number of 1 or more`);
}

/** Returns the values of an option that may be repeated. */
export function listOption(options: Options, name: string): string[] {
  const value = own(options, name);
  const items = Array.isArray(value) ? value : value === undefined ? [] : [String(value)];
  return items.map((item) => oneLine(name, item));
}

/** Refuses line breaks: a value goes into one line of a job file. */
function oneLine(name: string, value: string): string {
  if (!CONTROL.test(value)) return value;
  throw new FarmError(
    "usage",
    `Cannot use --${name} ${JSON.stringify(value)}: wanted one line without control characters`,
  );
}

/** Returns a path for a line of a job file, also in comments. @throws {FarmError} usage, for a line break */
export function onePathLine(what: string, path: string): string {
  if (!CONTROL.test(path)) return path;
  throw new FarmError(
    "usage",
    `Cannot use ${what} ${JSON.stringify(path)}: a line break or control character cannot be written into job files`,
    "Rename it, or choose another folder",
  );
}

function own(options: Options, name: string): OptionValue | undefined {
  return Object.hasOwn(options, name) ? options[name] : undefined;
}

const NAME = "[A-Za-z_][A-Za-z0-9_]*";

/** Returns the options of a site for any scheduler. @param passed the submitter's variables that jobs always receive */
export const siteOptions = (passed: readonly string[]): SchedulerOption[] => [
  {
    name: "setup",
    type: "strings",
    placeholder: "LINE",
    help: "shell line to run in each job before nextstat: 'module load gcc' (repeatable)",
  },
  {
    name: "env",
    type: "strings",
    placeholder: "NAME",
    help: `pass this variable of your environment to the jobs; ${
      passed.length === 0 ? "no other is passed" : `besides these no other is passed: ${passed.join(", ")}`
    } (repeatable)`,
    pattern: NAME,
  },
  {
    name: "container",
    type: "string",
    placeholder: "IMAGE",
    help: "run nextstat in this Apptainer image: a .sif file, a folder below /cvmfs, docker://…",
  },
  {
    name: "shards-per-job",
    group: "How to split it",
    type: "integer",
    min: 1,
    placeholder: "N",
    help: "number of shards to run one after another in each job",
    default: 1,
  },
];

export interface Site {
  setup: string[];
  env: string[];
  container: string | undefined;
  shards_per_job: number;
}

/** Reads the values of siteOptions(). @throws {FarmError} usage */
export function readSite(options: Options): Site {
  return {
    setup: listOption(options, "setup"),
    env: [...new Set(listOption(options, "env").map(variableName))],
    container: textOption(options, "container"),
    shards_per_job: countOption(options, "shards-per-job") ?? 1,
  };
}

function variableName(name: string): string {
  if (new RegExp(`^${NAME}$`).test(name)) return name;
  throw new FarmError("usage", `Cannot use --env "${name}": wanted the name of a variable, without its value`);
}

/** Checks that names and roles are unique, and that each default is a valid value of its option. */
export function optionFaults(options: SchedulerOption[]): string[] {
  const twice = (values: string[]) => values.filter((value, i) => values.indexOf(value) !== i);
  return [
    ...twice(options.map(({ name }) => name)).map((name) => `--${name} is there twice`),
    ...twice(options.flatMap(({ role }) => role ?? [])).map((role) => `two limit the ${role}`),
    ...options.filter((option) => option.default !== undefined && !isTaken(option, option.default))
      .map(({ name }) => `--${name} has a default that it would not take itself`),
  ];
}

function isTaken(
  { type, min = -Infinity, max = Infinity, choices, pattern }: SchedulerOption,
  value: unknown,
): boolean {
  if (type === "boolean") return typeof value === "boolean";
  if (type === "strings") return Array.isArray(value) && value.every((one) => typeof one === "string");
  if (type !== "string" && type !== "path") {
    return typeof value === "number" && value >= min && value <= max && (type === "number" || Number.isInteger(value));
  }
  if (typeof value !== "string" || (choices && !choices.includes(value))) return false;
  return pattern === undefined || new RegExp(`^(?:${pattern})$`).test(value);
}
