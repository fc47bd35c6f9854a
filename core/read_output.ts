import type * as z from "zod";
import { OutputFrame } from "./contracts/shard_output.ts";
import { type ArrayTexts, type CutOutput, cutOutput, entriesOf, TOY_ARRAYS } from "./output_text.ts";
import { quickCheck } from "./quick_check.ts";

/** One checked nextstat output: its frame and its four arrays, all of one length; NaN stands for null. */
export interface ShardOutput {
  frame: OutputFrame;
  /** null: the fit of this toy ended with an error. */
  converged: readonly (boolean | null)[];
  poi_hat: Float64Array;
  poi_sigma: Float64Array;
  nll: Float64Array;
  /** The arrays' own text, where the file is laid out as nextstat does it. */
  texts?: ArrayTexts;
}

/**
 * Checks the parsed JSON of a nextstat output.
 * @throws {Error} with one line that says which member is wrong
 */
export function readShardOutput(value: unknown): ShardOutput {
  const frame = readFrame(value);
  const { n_toys, converged, poi_hat, poi_sigma, nll } = frame.results;
  return {
    frame,
    converged: booleans("results.converged", converged, n_toys),
    poi_hat: numbers("results.poi_hat", poi_hat, n_toys),
    poi_sigma: numbers("results.poi_sigma", poi_sigma, n_toys),
    nll: numbers("results.nll", nll, n_toys),
  };
}

/**
 * Checks the text of a nextstat output. Where it is laid out as nextstat does it, the arrays' texts come along.
 * @throws {Error} with one line that says what is wrong, also where the text is no JSON
 */
export function readOutputText(text: string): ShardOutput {
  const cut = cutOutput(text);
  return (cut && readCut(cut)) ?? readShardOutput(JSON.parse(text));
}

function readCut({ head, tail, arrays }: CutOutput): ShardOutput | undefined {
  const frame = readFrame({ ...parseHead(head), ...parseObject(`{${tail}`) });
  const { results } = frame;
  // A key that is there twice, or elsewhere, was not the array of the results: then the whole is read at once.
  const found = TOY_ARRAYS.every((name, i) => results[name].length === 1 && results[name][0] === i);
  if (!found) return undefined;
  const n = results.n_toys;
  const read: ShardOutput = {
    frame,
    converged: same.converged(arrays.converged, (text) => booleans("results.converged", parseArray(text), n)),
    poi_hat: numbers("results.poi_hat", parseArray(arrays.poi_hat), n),
    poi_sigma: same.poi_sigma(arrays.poi_sigma, (text) => numbers("results.poi_sigma", parseArray(text), n)),
    nll: numbers("results.nll", parseArray(arrays.nll), n),
  };
  if (read.converged.length !== n || read.poi_sigma.length !== n) return undefined;
  const texts = textsOf(arrays);
  return texts ? { ...read, texts } : read;
}

/** In most shards of a run these texts are the very same, so what they hold is kept from one to the next. */
const same = {
  head: remembering<Record<string, unknown>>(),
  converged: remembering<readonly (boolean | null)[]>(),
  poi_sigma: remembering<Float64Array>(),
};

function remembering<T>(): (text: string, parse: (text: string) => T) => T {
  let last: { text: string; value: T } | undefined;
  return (text, parse) => {
    if (last?.text !== text) last = { text, value: parse(text) };
    return last.value;
  };
}

/** The members before `"results"`; the text ends with a comma and space. */
function parseHead(text: string): Record<string, unknown> {
  return same.head(text, () => {
    const { results: _, ...members } = parseObject(`${text}"results": 0}`);
    return members;
  });
}

function parseObject(text: string): Record<string, unknown> {
  const value: unknown = JSON.parse(text);
  return isObject(value) ? value : {};
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null;

const isFrame = quickCheck(OutputFrame);

function readFrame(value: unknown): OutputFrame {
  if (isFrame(value)) return value;
  const parsed = OutputFrame.safeParse(value);
  if (!parsed.success) throw new Error(firstIssue(parsed.error));
  return parsed.data;
}

function parseArray(text: string): unknown[] {
  const value: unknown = JSON.parse(text);
  return Array.isArray(value) ? value : [];
}

function textsOf(arrays: CutOutput["arrays"]): ArrayTexts | undefined {
  const [converged, nll, poi_hat, poi_sigma] = TOY_ARRAYS.map((name) => entriesOf(arrays[name]));
  if (converged === undefined || nll === undefined || poi_hat === undefined || poi_sigma === undefined) {
    return undefined;
  }
  return { converged, nll, poi_hat, poi_sigma };
}

/** The first thing that is wrong in a document, with its path. */
export function firstIssue(error: z.ZodError): string {
  const issue = error.issues[0];
  if (!issue) return "not as wanted";
  const path = issue.path.map(String).join(".");
  return path ? `${path}: ${issue.message}` : issue.message;
}

function numbers(name: string, values: unknown[], n: number): Float64Array {
  if (values.length !== n) throw new Error(`${name} has ${values.length} entries, wanted ${n} (results.n_toys)`);
  const out = new Float64Array(n);
  for (let i = 0; i < n; i++) {
    const value = values[i];
    if (typeof value === "number" && Number.isFinite(value)) out[i] = value;
    else if (value === null) out[i] = NaN;
    else throw new Error(`${name}[${i}] is ${shown(value)}, wanted a finite number or null`);
  }
  return out;
}

function booleans(name: string, values: unknown[], n: number): (boolean | null)[] {
  if (values.length !== n) throw new Error(`${name} has ${values.length} entries, wanted ${n} (results.n_toys)`);
  return values.map((value, i) => {
    if (typeof value === "boolean" || value === null) return value;
    throw new Error(`${name}[${i}] is ${shown(value)}, wanted true, false or null`);
  });
}

const shown = (value: unknown) => typeof value === "object" ? "no number" : String(value).slice(0, 40);
