import { OutputFrame } from "./contracts/shard_output.ts";
import { firstIssue } from "./first_issue.ts";
import { type CutOutput, cutOutput, entriesOf, type TextSpan, TOY_ARRAYS, type ToyArray } from "./output_text.ts";
import { quickCheck } from "./quick_check.ts";

/** One checked nextstat output: its frame and its four arrays, all of one length; NaN stands for null. */
export interface ShardOutput {
  /** The document; what its `results` hold in place of the four arrays is not to be used. */
  frame: OutputFrame;
  /** null: the fit of this toy ended with an error. */
  converged: readonly (boolean | null)[];
  /** The fitted POI of each toy. */
  poi_hat: Float64Array;
  /** Its uncertainty. */
  poi_sigma: Float64Array;
  /** Of each toy, at the minimum. */
  nll: Float64Array;
}

/** An output, and where its arrays' entries are in its text; null where that is not laid out as nextstat does it. */
interface TextOutput {
  output: ShardOutput;
  entries: Record<ToyArray, TextSpan> | null;
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
 * Checks the text of a nextstat output.
 * @throws {Error} with one line that says what is wrong, also where the text is no JSON
 */
export function readOutputText(text: string): TextOutput {
  const cut = cutOutput(text);
  return (cut && readCut(text, cut)) ?? { output: readShardOutput(JSON.parse(text)), entries: null };
}

/** The frame of an output that is laid out as nextstat does it; undefined of any other. @throws {Error} as readOutputText */
export function readOutputFrame(text: string): OutputFrame | undefined {
  const cut = cutOutput(text);
  return cut && frameOf(cut);
}

function frameOf({ head, tail }: CutOutput): OutputFrame | undefined {
  const frame = readFrame({ ...parseHead(head), ...parseObject(`{${tail}`) });
  // A key that is there twice, or elsewhere, was not the array of the results: then the whole is read at once.
  const found = TOY_ARRAYS.every((name, i) => frame.results[name].length === 1 && frame.results[name][0] === i);
  return found ? frame : undefined;
}

function readCut(text: string, cut: CutOutput): TextOutput | undefined {
  const frame = frameOf(cut);
  if (!frame) return undefined;
  const { arrays } = cut;
  const n = frame.results.n_toys;
  const array = (name: ToyArray) => text.slice(...arrays[name]);
  const output: ShardOutput = {
    frame,
    converged: same.converged(array("converged"), (own) => booleans("results.converged", parseArray(own), n)),
    poi_hat: numbers("results.poi_hat", parseArray(array("poi_hat")), n),
    poi_sigma: same.poi_sigma(array("poi_sigma"), (own) => numbers("results.poi_sigma", parseArray(own), n)),
    nll: numbers("results.nll", parseArray(array("nll")), n),
  };
  if (output.converged.length !== n || output.poi_sigma.length !== n) return undefined;
  return { output, entries: entriesIn(text, arrays) };
}

function entriesIn(text: string, arrays: CutOutput["arrays"]): TextOutput["entries"] {
  const [converged, nll, poi_hat, poi_sigma] = TOY_ARRAYS.map((name) => entriesOf(text, arrays[name]));
  return converged && nll && poi_hat && poi_sigma ? { converged, nll, poi_hat, poi_sigma } : null;
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
  if (!parsed.success) throw new Error(`is no output of nextstat (${firstIssue(parsed.error)})`);
  return parsed.data;
}

function parseArray(text: string): unknown[] {
  const value: unknown = JSON.parse(text);
  return Array.isArray(value) ? value : [];
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
