import { resolve } from "node:path";
import { FarmError } from "../../core/errors.ts";
import { readFlag } from "../../core/flags.ts";
import type { OptionValue } from "../../core/schema/manifest.ts";
import type { SchedulerOption } from "../../schedulers/adapter.ts";

/** Reads one value of a scheduler's option from a command line; a path is made absolute. @throws {FarmError} usage */
export function readOption(option: SchedulerOption, text: string): OptionValue {
  const isText = option.type === "string" || option.type === "strings" || option.type === "boolean";
  if (isText && option.choices === undefined) refuseControl(option.name, text);
  const value = readFlag(option.name, option, text);
  return option.type === "path" ? resolve(`${value}`) : value;
}

/** Refuses control characters: a value goes into one line of a job file. */
function refuseControl(name: string, text: string): void {
  // deno-lint-ignore no-control-regex
  if (!/[\u0000-\u001f\u007f]/.test(text)) return;
  throw new FarmError(
    "usage",
    `Cannot use --${name} ${JSON.stringify(text)}: wanted one line without control characters`,
  );
}
