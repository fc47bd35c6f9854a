import { firstIssue } from "./first_issue.ts";
import { quickCheck } from "./quick_check.ts";
import { OutputFrame } from "./schema/shard_output.ts";

/** The arrays of nextstat's output that hold one entry a toy, in the order in which nextstat writes them. */
export const TOY_ARRAYS = ["converged", "nll", "poi_hat", "poi_sigma"] as const;
export type ToyArray = typeof TOY_ARRAYS[number];

/** Where a text begins and ends (exclusive) in a larger one. */
export type TextSpan = readonly [from: number, to: number];

/** What stands between two entries, before the first and after the last: nextstat's layout of a pretty document. */
export const ENTRY_BREAK = ",\n      ";
const FIRST_BREAK = "\n      ";
const LAST_BREAK = "\n    ";

/** An output's text in pieces: `head + tail` is the document, but for its arrays. */
interface SlicedOutput {
  /** All before `"results"`: the same in most shards of a run. */
  head: string;
  /** From `"results"` to the end, with `[0]` to `[3]` in place of the four arrays. */
  tail: string;
  /** Where each array lies, with its brackets. */
  arrays: Record<ToyArray, TextSpan>;
}

/**
 * Cuts an output's text where nextstat starts and ends its arrays, so that their entries can be copied into a merge as
 * they are. Undefined where the text is laid out otherwise; whoever takes the cut must find `[0]` to `[3]` in the
 * parsed tail where the arrays belong, since the text alone does not prove it.
 */
export function sliceOutput(text: string): SlicedOutput | undefined {
  const results = text.indexOf('"results": {');
  if (results < 0) return undefined;
  const arrays: Record<ToyArray, TextSpan> = { converged: [0, 0], nll: [0, 0], poi_hat: [0, 0], poi_sigma: [0, 0] };
  let tail = "";
  let from = results;
  for (const [i, name] of TOY_ARRAYS.entries()) {
    const key = `"${name}": [`;
    const found = text.indexOf(key, from);
    if (found < 0) return undefined;
    const open = found + key.length;
    const close = text.indexOf("]", open);
    if (close < 0) return undefined;
    arrays[name] = [open - 1, close + 1];
    tail += text.slice(from, open) + i;
    from = close;
  }
  return { head: text.slice(0, results), tail: tail + text.slice(from), arrays };
}

/** The entries inside an array, without the space around them; undefined where it is not laid out as nextstat does it. */
function entriesOf(text: string, [from, to]: TextSpan): TextSpan | undefined {
  if (!text.startsWith(FIRST_BREAK, from + 1) || !text.startsWith(LAST_BREAK, to - 1 - LAST_BREAK.length)) {
    return undefined;
  }
  return [from + 1 + FIRST_BREAK.length, to - 1 - LAST_BREAK.length];
}

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
  const cut = sliceOutput(text);
  return (cut && readCut(text, cut)) ?? { output: readShardOutput(JSON.parse(text)), entries: null };
}

/** The frame of an output that is laid out as nextstat does it; undefined of any other. @throws {Error} as readOutputText */
export function readOutputFrame(text: string): OutputFrame | undefined {
  const cut = sliceOutput(text);
  return cut && frameOf(cut);
}

function frameOf({ head, tail }: SlicedOutput): OutputFrame | undefined {
  const frame = readFrame({ ...parseHead(head), ...parseObject(`{${tail}`) });
  // A key that is there twice, or elsewhere, was not the array of the results: then the whole is read at once.
  const found = TOY_ARRAYS.every((name, i) => frame.results[name].length === 1 && frame.results[name][0] === i);
  return found ? frame : undefined;
}

function readCut(text: string, cut: SlicedOutput): TextOutput | undefined {
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

function entriesIn(text: string, arrays: SlicedOutput["arrays"]): TextOutput["entries"] {
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

/** The numbers of all toys that the summary is made of, each at its toy's place in the merge; NaN where there is none. */
export interface ToyValues {
  poi_hat: Float64Array;
  /** (poi_hat − poi_true) / poi_sigma of the converged toys with a sigma above 0. */
  pulls: Float64Array;
}

/** Takes in an output whose first toy has the place `at`. */
export function putValues(values: ToyValues, at: number, output: ShardOutput): void {
  const { converged, poi_hat, poi_sigma, frame: { results: { poi_true } } } = output;
  values.poi_hat.set(poi_hat, at);
  for (let i = 0; i < poi_hat.length; i++) {
    const sigma = poi_sigma[i] ?? NaN;
    values.pulls[at + i] = sigma > 0 && converged[i] === true ? ((poi_hat[i] ?? NaN) - poi_true) / sigma : NaN;
  }
}

/** Leaves toys without values. */
export function putNothing(values: ToyValues, at: number, n_toys: number): void {
  values.poi_hat.fill(NaN, at, at + n_toys);
  values.pulls.fill(NaN, at, at + n_toys);
}
