import { fitQuality, poiName } from "../../../core/fit_quality.ts";
import { judge, NO_GUARDRAILS } from "../../../core/merge/guardrails.ts";
import { entriesText } from "../../../core/merge/json_text.ts";
import { mergedParts, type MergedSet } from "../../../core/merge/merged_document.ts";
import { FrameReader, type SourceFacts, type SourceOrigin } from "../../../core/merge/source_facts.ts";
import { summarise } from "../../../core/merge/summary.ts";
import {
  ENTRY_BREAK,
  putValues,
  readOutputText,
  type ShardOutput,
  type ToyArray,
  type ToyValues,
} from "../../../core/output.ts";

/** An output, and the first of its toys in the run. */
export interface Piece {
  toy_start: number;
  seed: number;
  text: string;
}

export function originOf(i: number, change: Partial<SourceOrigin> = {}): SourceOrigin {
  return {
    shard_index: i,
    name: `shard_${i}.out.json`,
    path: `/r/shard_${i}.out.json`,
    toy_start: 0,
    n_toys: 0,
    seed: 0,
    host: "n1",
    threads: 1,
    run_token: null,
    spec_sha256: null,
    inputs: null,
    nextstat_version: null,
    nextstat_sha256: null,
    merged: null,
    time: null,
    elapsed_s: null,
    n_shards: 1,
    warnings: [],
    ...change,
  };
}

/** Returns the input of a merge, made by core alone: no file, no thread. */
export function mergeSet(pieces: Piece[]): { set: MergedSet; outputs: ShardOutput[]; values: ToyValues } {
  const reader = new FrameReader();
  const outputs = pieces.map(({ text }) => readOutputText(text).output);
  const sources = outputs.map((output, i): SourceFacts => {
    const { toy_start = 0, seed = 0 } = pieces[i] ?? {};
    return reader.read(originOf(i, { toy_start, seed, n_toys: output.poi_hat.length }), output.frame);
  });
  const n_toys = sources.reduce((sum, one) => sum + one.n_toys, 0);
  const values = { poi_hat: new Float64Array(n_toys), pulls: new Float64Array(n_toys) };
  let at = 0;
  for (const output of outputs) {
    putValues(values, at, output);
    at += output.poi_hat.length;
  }
  const [first, ...rest] = sources;
  if (!first) throw new Error("A merge has one output at least");
  const summary = summarise(values, sources);
  const set: MergedSet = {
    sources: [first, ...rest],
    run: { seed: first.seed, n_toys },
    missing: [],
    left_out: [],
    usable: null,
    summary,
    requested: NO_GUARDRAILS,
    verdict: judge(NO_GUARDRAILS, first.counts, null),
    fits: fitQuality(poiName(first), { poi_hat: values.poi_hat, poi_true: first.poi_true, bounds: null }, sources),
    origin: {
      created_at_utc: "2026-11-24T19:01:13.312Z",
      nsfarm_version: "0.1.0",
      manifest: null,
      manifest_path: null,
    },
  };
  return { set, outputs, values };
}

/** Returns the merged document of these outputs as text. */
export function mergeTexts(pieces: Piece[]): string {
  const { set, outputs } = mergeSet(pieces);
  const array = (name: ToyArray) => outputs.map((output) => entriesText(output, name)).join(ENTRY_BREAK);
  return mergedParts(set).map((part) => typeof part === "string" ? part : array(part.name)).join("");
}
