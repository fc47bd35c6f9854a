import { FarmError } from "../../core/errors.ts";

/** A plugin that cannot be used: which file, and why. Exit 3, as any bad input file. */
export function pluginFault(file: string, why: string, next?: string): FarmError {
  return new FarmError("input", `Cannot use the plugin "${file}": ${why}`, next);
}
