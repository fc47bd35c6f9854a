import { floatText } from "../float_text.ts";
import { ENTRY_BREAK, type ToyArray } from "../output_text.ts";
import type { ShardOutput } from "../read_output.ts";

/** The entries of an output's array as nextstat would write them, for a file that is laid out otherwise. */
export function entriesText(output: ShardOutput, name: ToyArray): string {
  if (name === "converged") return output.converged.map(String).join(ENTRY_BREAK);
  return Array.from(output[name], (value) => Number.isNaN(value) ? "null" : floatText(value)).join(ENTRY_BREAK);
}
