import { poiName } from "./fit_quality.ts";
import { putValues, type ToyValues } from "./merge/toy_values.ts";
import type { ShardOutput } from "./read_output.ts";
import type { ToyFacts } from "./run_facts.ts";

/** Joins the toys of several outputs in toy order; null where there is none. */
export function joinToys(parts: readonly { start: number; output: ShardOutput }[]): ToyFacts | null {
  const sorted = parts.toSorted((a, b) => a.start - b.start);
  const frame = sorted[0]?.output.frame;
  if (!frame) return null;
  const n = sorted.reduce((sum, { output }) => sum + output.poi_hat.length, 0);
  const values: ToyValues = { poi_hat: new Float64Array(n), pulls: new Float64Array(n) };
  let at = 0;
  for (const { output } of sorted) {
    putValues(values, at, output);
    at += output.poi_hat.length;
  }
  const { poi_true } = frame.results;
  const is_one = sorted.every(({ output }) => Math.abs(output.frame.results.poi_true - poi_true) <= 1e-6);
  return {
    poi_name: poiName(frame),
    poi_true: is_one ? poi_true : null,
    ...values,
  };
}
