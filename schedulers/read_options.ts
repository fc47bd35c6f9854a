import type { OptionValue } from "../core/contracts/manifest.ts";
import { FarmError } from "../core/errors.ts";

export type Options = Readonly<Record<string, OptionValue>>;

// deno-lint-ignore no-control-regex
const CONTROL = /[\u0000-\u001f\u007f\u2028\u2029]/;

/** A text option; undefined where it was not given. */
export function textOption(options: Options, name: string): string | undefined {
  const value = own(options, name);
  return value === undefined ? undefined : oneLine(name, String(value));
}

/** A whole number of 1 or more. */
export function countOption(options: Options, name: string): number | undefined {
  const value = own(options, name);
  if (value === undefined) return undefined;
  const count = Number(value);
  if (Number.isSafeInteger(count) && count >= 1) return count;
  throw new FarmError("usage", `Cannot use --${name} "${value}": wanted a whole number of 1 or more`);
}

/** An option that can be given several times. */
export function listOption(options: Options, name: string): string[] {
  const value = own(options, name);
  const items = Array.isArray(value) ? value : value === undefined ? [] : [String(value)];
  return items.map((item) => oneLine(name, item));
}

/** Values go into one line of a job file: a line break would begin a line of its own. */
function oneLine(name: string, value: string): string {
  if (!CONTROL.test(value)) return value;
  throw new FarmError(
    "usage",
    `Cannot use --${name} ${JSON.stringify(value)}: wanted one line without control characters`,
  );
}

/**
 * A path that goes into lines of job files, comments too: a line break would begin a line of its own.
 * @throws {FarmError} usage
 */
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
