import { resolve } from "node:path";
import type { OptionValue } from "../../core/contracts/manifest.ts";
import { FarmError } from "../../core/errors.ts";
import { oneOf, plainPath, realNumber, wholeNumber } from "../../core/parse_flag.ts";
import type { SchedulerOption } from "../../schedulers/adapter.ts";

/** Reads one value of a scheduler's option from a command line. @throws {FarmError} usage */
export function readOption(option: SchedulerOption, text: string): OptionValue {
  const flag = `--${option.name}`;
  if (option.type === "integer") return wholeNumber(flag, option.min ?? 0)(text);
  if (option.type === "number") return realNumber(flag, option.min ?? 0)(text);
  if (option.type === "path") return resolve(plainPath(flag)(text));
  return option.choices ? oneOf(flag, option.choices)(text) : checkText(option, text);
}

/** A value goes into one line of a job file. */
function checkText(option: SchedulerOption, text: string): string {
  // deno-lint-ignore no-control-regex
  if (/[\u0000-\u001f\u007f]/.test(text)) {
    throw new FarmError(
      "usage",
      `Cannot use --${option.name} ${JSON.stringify(text)}: wanted one line without control characters`,
    );
  }
  if (option.pattern === undefined || new RegExp(`^(?:${option.pattern})$`).test(text)) return text;
  throw new FarmError("usage", `Cannot use --${option.name} "${text}": wanted ${option.placeholder ?? option.help}`);
}
