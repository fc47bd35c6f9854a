import { guardrailsJson, judge, judgedGuardrails } from "../merge/guardrails.ts";
import { ArrayPlace, entriesText, floats, type Json, jsonParts } from "../merge/json_text.ts";
import { resultsJson } from "../merge/merged_document.ts";
import type { ToyCounts } from "../merge/source_facts.ts";
import { summarise, summaryJson } from "../merge/summary.ts";
import { putValues, type ShardOutput } from "../output.ts";
import { tallyStarts } from "./tally.ts";

/**
 * Returns why the outputs of several starts are not of the same toys; null: they are. The start is all that may differ,
 * so seeds, counts and every generated value must be equal.
 * @param name returns the name of an output by its position
 */
export function sameToysFault(
  outputs: readonly ShardOutput[],
  name = (i: number): string => `start ${i}`,
): string | null {
  const [first] = outputs;
  if (!first) return "there are none";
  for (const [i, { frame }] of outputs.entries()) {
    const odd = TOYS_OF.find(({ of }) => JSON.stringify(of(frame)) !== JSON.stringify(of(first.frame)));
    if (odd) return `the ${odd.what} of ${name(i)} is another than of ${name(0)}`;
  }
  return null;
}

type Frame = ShardOutput["frame"];

/** What says which toys an output holds. */
const TOYS_OF: { what: string; of: (frame: Frame) => unknown }[] = [
  { what: "first seed", of: ({ gen }) => gen.seed },
  { what: "number of toys", of: ({ gen, results }) => [gen.n_toys, results.n_toys] },
  { what: "shard", of: ({ shard }) => shard ?? null },
  { what: "parameter list", of: ({ parameter_names, poi_index }) => [parameter_names, poi_index] },
  { what: "generation point", of: ({ gen }) => [gen.params, Object.entries(gen.overrides).sort()] },
];

/**
 * Returns the text of an output, as nextstat writes it, with the lowest fit of each toy, and the member `farm.starts`.
 * Pulls of parameters other than the POI are absent: nextstat writes only their means over the toys of one start.
 * @param outputs of the same toys, one of each start
 */
export function lowestOutput(outputs: readonly ShardOutput[]): string {
  const { lowest, counts, tally: { of_toys, ...tally } } = lowestFits(outputs);
  const values = { poi_hat: new Float64Array(of_toys.length), pulls: new Float64Array(of_toys.length) };
  putValues(values, 0, lowest);
  const { frame } = lowest;
  const summary = summarise(values, [{ ...frame, param_pulls: null }]);
  const requested = judgedGuardrails(frame.guardrails);
  const parts = jsonParts({
    gen: genJson(frame),
    guardrails: guardrailsJson(requested, judge(requested, counts, summary.pull), summary.pull),
    input_schema_version: frame.input_schema_version,
    parameter_names: [...frame.parameter_names],
    poi_index: frame.poi_index,
    results: resultsJson(counts, frame.results.poi_true),
    shard: frame.shard ? shardJson(frame.shard) : null,
    summary: summaryJson(summary, false),
    farm: { starts: startsJson({ ...tally, of_toys }) },
  });
  return parts.map((part) => part instanceof ArrayPlace ? entriesText(lowest, part.name) : part).join("") + "\n";
}

/** Toys of one range, each with its fit of the lowest NLL. */
interface LowestFits {
  lowest: ShardOutput;
  counts: ToyCounts;
  tally: ReturnType<typeof tallyStarts>;
}

/** Returns the lowest fit of each toy. @param outputs of the same toys, one of each start */
export function lowestFits(outputs: readonly ShardOutput[]): LowestFits {
  const tally = tallyStarts(outputs.map(({ nll }) => nll));
  const lowest = pickToys(outputs, tally.of_toys);
  return { lowest, counts: countsOf(lowest, outputs), tally };
}

function pickToys(outputs: readonly ShardOutput[], of_toys: readonly number[]): ShardOutput {
  const [first] = outputs;
  if (!first) throw new Error("no output of any start");
  const column = (name: "nll" | "poi_hat" | "poi_sigma") =>
    Float64Array.from(of_toys, (start, toy) => outputs[start]?.[name][toy] ?? NaN);
  return {
    frame: first.frame,
    converged: of_toys.map((start, toy) => outputs[start]?.converged[toy] ?? null),
    ...{ nll: column("nll"), poi_hat: column("poi_hat"), poi_sigma: column("poi_sigma") },
  };
}

/** Counts outcomes. A toy that is refused is refused from each start, so the fewest of a start are of the toys. */
function countsOf({ converged }: ShardOutput, outputs: readonly ShardOutput[]): ToyCounts {
  const n_converged = converged.filter((one) => one === true).length;
  const n_error = converged.filter((one) => one === null).length;
  const refused = outputs.map(({ frame: { results } }) => results["n_validation_error"])
    .filter((count) => typeof count === "number");
  const n_validation_error = refused.length === outputs.length ? Math.min(n_error, ...refused) : null;
  return {
    n_toys: converged.length,
    n_error,
    n_converged,
    n_nonconverged: converged.length - n_converged - n_error,
    n_validation_error,
    n_computation_error: n_validation_error === null ? null : n_error - n_validation_error,
  };
}

function genJson({ gen: { n_toys, overrides, params, point, seed } }: Frame): Json {
  const values = Object.entries(overrides);
  const of = floats(values.map(([, value]) => value));
  const members = Object.fromEntries(values.map(([name], i) => [name, of[i] ?? null]));
  return { n_toys, overrides: members, params: floats(params), point, seed };
}

const shardJson = ({ shard_index, shard_n_toys, shard_start, shard_total }: NonNullable<Frame["shard"]>): Json => ({
  ...{ shard_index, shard_n_toys, shard_start, shard_total },
});

const startsJson = ({ k, starts, n_found_by_one, of_toys }: ReturnType<typeof tallyStarts>): Json => ({
  k,
  starts: starts.map(({ index, n_lowest_alone, n_missed, worst_missed_nll }) => ({
    ...{ index, n_lowest_alone, n_missed },
    worst_missed_nll,
  })),
  n_found_by_one,
  of_toys: [...of_toys],
});
