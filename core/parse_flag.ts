import { FarmError } from "./errors.ts";

/** Reads a whole number of a flag. Beyond 2^53 digits would be lost, so that is refused. */
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

export function oneOf<T extends string>(flag: string, choices: readonly T[]): (text: string) => T {
  return (text) => {
    const found = choices.find((choice) => choice === text);
    if (found === undefined) throw new FarmError("usage", `Cannot use ${flag} "${text}": wanted ${choices.join(", ")}`);
    return found;
  };
}

/** Collects a flag that may be given several times. */
export function repeated(text: string, before: string[] | undefined): string[] {
  return [...(before ?? []), text];
}

/**
 * Reads a time as Slurm does (sbatch(1), --time): minutes, MM:SS or HH:MM:SS; after days the hours come first, D-HH,
 * D-HH:MM or D-HH:MM:SS; in seconds.
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

/** Reads `name=value` pairs of --set. */
export function setValues(pairs: readonly string[]): Record<string, number> {
  const values: Record<string, number> = Object.create(null);
  for (const pair of pairs) {
    const cut = pair.indexOf("=");
    const name = pair.slice(0, cut);
    if (cut < 1 || !/^[\w.\-[\]]+$/.test(name)) {
      throw new FarmError("usage", `Cannot use --set "${pair}": wanted NAME=NUMBER`);
    }
    if (Object.hasOwn(values, name)) throw new FarmError("usage", `Cannot use --set twice for "${name}"`);
    values[name] = realNumber(`--set ${name}`)(pair.slice(cut + 1));
  }
  return { ...values };
}

const RUN_ID = /^[A-Za-z][A-Za-z0-9._-]{0,63}$/;

/** A run id is a folder's and a job's name: letters, digits, `.`, `_`, `-`, first a letter, at most 64. */
export function runId(text: string): string {
  if (RUN_ID.test(text)) return text;
  throw new FarmError(
    "usage",
    `Cannot use --run-id "${printableName(text)}": wanted at most 64 letters, digits, ".", "_" and "-", first a letter`,
  );
}

// deno-lint-ignore no-control-regex
const CONTROL = /[\u0000-\u001f\u007f]/;

const printableName = (text: string) => JSON.stringify(text).slice(1, -1);

/** A path goes into scripts and one-line values: control characters in it are refused. */
export function plainPath(flag: string): (text: string) => string {
  return (text) => {
    if (text === "") throw new FarmError("usage", `Cannot use ${flag} "": wanted a path`);
    if (CONTROL.test(text)) {
      throw new FarmError(
        "usage",
        `Cannot use ${flag} "${
          printableName(text)
        }": a path with a line break or control character cannot be written into job scripts`,
      );
    }
    return text;
  };
}
