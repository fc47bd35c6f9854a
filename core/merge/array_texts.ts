import { floatText } from "../float_text.ts";
import { type ArrayTexts, ENTRY_BREAK } from "../output_text.ts";
import type { ShardOutput } from "../read_output.ts";

/** The entries of an output's arrays as they go into a merge: nextstat's own digits where its layout allows that. */
export function arrayTexts(output: ShardOutput): ArrayTexts {
  if (output.texts) return output.texts;
  const numbers = (values: Float64Array) =>
    Array.from(values, (value) => Number.isNaN(value) ? "null" : floatText(value)).join(ENTRY_BREAK);
  return {
    converged: output.converged.map(String).join(ENTRY_BREAK),
    nll: numbers(output.nll),
    poi_hat: numbers(output.poi_hat),
    poi_sigma: numbers(output.poi_sigma),
  };
}
