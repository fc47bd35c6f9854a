import { orElse } from "./errors.ts";
import { firstIssue } from "./first_issue.ts";
import { isObject, quickCheck } from "./quick_check.ts";
import { OutputFrame } from "./schema/shard_output.ts";

/** The arrays of nextstat's output with one entry per toy, in nextstat's order. */
export const TOY_ARRAYS = ["converged", "nll", "poi_hat", "poi_sigma"] as const;
export type ToyArray = typeof TOY_ARRAYS[number];

/** Start and end (exclusive) of a text within a larger one. */
export type TextSpan = readonly [from: number, to: number];

/** Where the entries of each array are. */
export type ArrayEntries = Record<ToyArray, TextSpan>;

/** Separator of two array entries, also before the first and after the last, in nextstat's pretty-printed layout. */
export const ENTRY_BREAK = ",\n      ";
const FIRST_BREAK = "\n      ";
const LAST_BREAK = "\n    ";

/** An output's text in pieces: `head + tail` is the document without its arrays. */
interface SlicedOutput {
  /** Text before `"results"`: the same in most shards of a run. */
  head: string;
  /** Text from `"results"` to the end, with `[0]` to `[3]` in place of the four arrays. */
  tail: string;
  /** Position of each array, including its brackets. */
  arrays: ArrayEntries;
}

/**
 * Cuts an output's text at nextstat's arrays, so that a merge can copy their entries unchanged. Returns undefined for
 * another layout. A caller must find `[0]` to `[3]` in the parsed tail where the arrays belong, since the text alone
 * does not prove it.
 */
export function sliceOutput(text: string): SlicedOutput | undefined {
  const results = text.indexOf('"results": {');
  if (results < 0) return undefined;
  const arrays: ArrayEntries = { converged: [0, 0], nll: [0, 0], poi_hat: [0, 0], poi_sigma: [0, 0] };
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

/** Returns the entries inside an array, without the space around them; undefined for a layout other than nextstat's. */
function entriesOf(text: string, [from, to]: TextSpan): TextSpan | undefined {
  if (!text.startsWith(FIRST_BREAK, from + 1) || !text.startsWith(LAST_BREAK, to - 1 - LAST_BREAK.length)) {
    return undefined;
  }
  return [from + 1 + FIRST_BREAK.length, to - 1 - LAST_BREAK.length];
}

const encoder = new TextEncoder();
const extraBytes = (text: string): number => encoder.encode(text).length - text.length;

/**
 * Returns the positions of the entries in the bytes of their text: letters around them may have several bytes, entries
 * are ASCII. null: these are not its bytes alone, but follow a byte order mark.
 */
export function entriesInBytes(text: string, n_bytes: number, entries: ArrayEntries): ArrayEntries | null {
  if (text.length === n_bytes) return entries;
  const in_bytes = { ...entries };
  let [end, extra] = [0, 0];
  for (const name of TOY_ARRAYS) {
    const [from, to] = entries[name];
    extra += extraBytes(text.slice(end, from));
    in_bytes[name] = [from + extra, to + extra];
    end = to;
  }
  return text.length + extra + extraBytes(text.slice(end)) === n_bytes ? in_bytes : null;
}

/** One checked nextstat output: its frame and its four arrays of equal length; NaN stands for null. */
export interface ShardOutput {
  /** The document; the members of its `results` that replace the four arrays have no meaning. */
  frame: OutputFrame;
  /** null: the fit of this toy ended with an error. */
  converged: readonly (boolean | null)[];
  /** Fitted POI of each toy. */
  poi_hat: Float64Array;
  /** Uncertainty of the fitted POI. */
  poi_sigma: Float64Array;
  /** Negative log-likelihood of each toy at the minimum. */
  nll: Float64Array;
}

/** An output and the positions of its arrays' entries in its text; null for a layout other than nextstat's. */
interface TextOutput {
  output: ShardOutput;
  entries: ArrayEntries | null;
}

/** Checks the parsed JSON of a nextstat output. @throws {Error} with one line that names the wrong member */
export function readShardOutput(value: unknown): ShardOutput {
  const frame = readFrame(value);
  const { n_toys, converged, poi_hat, poi_sigma, nll } = frame.results;
  return {
    frame,
    converged: booleans(converged, n_toys),
    poi_hat: numbers("results.poi_hat", poi_hat, n_toys),
    poi_sigma: numbers("results.poi_sigma", poi_sigma, n_toys),
    nll: numbers("results.nll", nll, n_toys),
  };
}

/** Checks the text of a nextstat output. @throws {Error} with one line about the fault, also where it is no JSON */
export function readOutputText(text: string): TextOutput {
  const cut = sliceOutput(text);
  return (cut && readCut(text, cut)) ?? { output: readShardOutput(JSON.parse(text)), entries: null };
}

/** Returns the frame of an output in nextstat's layout; undefined for another. @throws {Error} as readOutputText */
export function readOutputFrame(text: string): OutputFrame | undefined {
  const cut = sliceOutput(text);
  return cut && frameOf(cut);
}

function frameOf({ head, tail }: SlicedOutput): OutputFrame | undefined {
  // Cut within another member that is named so, neither half is JSON.
  const members = orElse(undefined, () => ({ ...parseHead(head), ...parseObject(`{${tail}`) }));
  if (!members) return undefined;
  const frame = readFrame(members);
  // If a key appears twice or elsewhere, the cut array was not that of the results: the whole text is then parsed.
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
    converged: same.converged(array("converged"), (own) => booleans(parseArray(own), n)),
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

/** Most shards of a run have exactly the same text here, so the parsed value is kept for the next one. */
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

/** Parses the members before `"results"`; the text ends with a comma and space. */
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

function checkLength(name: string, { length }: unknown[], n: number): void {
  if (length !== n) throw new Error(`${name} has ${length} entries, wanted ${n} (results.n_toys)`);
}

function numbers(name: string, values: unknown[], n: number): Float64Array {
  checkLength(name, values, n);
  const out = new Float64Array(n);
  for (let i = 0; i < n; i++) {
    const value = values[i];
    if (typeof value === "number" && Number.isFinite(value)) out[i] = value;
    else if (value === null) out[i] = NaN;
    else throw new Error(`${name}[${i}] is ${shown(value)}, wanted a finite number or null`);
  }
  return out;
}

function booleans(values: unknown[], n: number): (boolean | null)[] {
  checkLength("results.converged", values, n);
  return values.map((value, i) => {
    if (typeof value === "boolean" || value === null) return value;
    throw new Error(`results.converged[${i}] is ${shown(value)}, wanted true, false or null`);
  });
}

const shown = (value: unknown) => typeof value === "object" ? "no number" : String(value).slice(0, 40);

/** Values of all toys for the summary, indexed by the toy's position in the merge; NaN: none. */
export interface ToyValues {
  poi_hat: Float64Array;
  /** (poi_hat − poi_true) / poi_sigma of converged toys with sigma > 0. */
  pulls: Float64Array;
}

/** Returns the pull of toy i of an output; NaN unless it converged with sigma > 0. */
export function pullOf(output: ShardOutput, i: number): number {
  const sigma = output.poi_sigma[i] ?? NaN;
  if (!(sigma > 0) || output.converged[i] !== true) return NaN;
  return ((output.poi_hat[i] ?? NaN) - output.frame.results.poi_true) / sigma;
}

/** Writes the values of an output whose first toy has the index `at`. */
export function putValues(values: ToyValues, at: number, output: ShardOutput): void {
  const { poi_hat } = output;
  values.poi_hat.set(poi_hat, at);
  for (let i = 0; i < poi_hat.length; i++) values.pulls[at + i] = pullOf(output, i);
}

/** Marks `n_toys` toys from the index `at` as having no values. */
export function putNothing(values: ToyValues, at: number, n_toys: number): void {
  values.poi_hat.fill(NaN, at, at + n_toys);
  values.pulls.fill(NaN, at, at + n_toys);
}
