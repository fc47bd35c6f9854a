import { TOY_ARRAYS, type ToyArray } from "../../core/output_text.ts";
import type { ShardOutput } from "../../core/read_output.ts";
import type { CheckedOutput } from "../shard/read_shard.ts";
import { readSource } from "./read_source.ts";
import type { Found } from "./source_origin.ts";
import type { InputOrder, ReadContext, Slice } from "./source_order.ts";

const NEWLINE = 0x0a;
const COMMA = 0x2c;

/** A merged document of which neighbouring toys are taken at a time, in order. */
interface Opened {
  found: Found;
  cursors: Record<ToyArray, Cursor>;
}

/** How far an array's text was taken. */
interface Cursor {
  entries: number;
  bytes: number;
}

/** Reads inputs; one that is taken in slices is kept from its first slice to its last. */
export class SliceReader {
  readonly #context: ReadContext;
  readonly #opened = new Map<string, Opened>();

  constructor(context: ReadContext) {
    this.#context = context;
  }

  /** An output with the toys of the order's slice; its origin is that of the whole. */
  read(order: InputOrder): Found {
    const { slice } = order;
    if (!slice) return readSource(this.#context, order);
    const opened = (slice.from > 0 ? this.#opened.get(order.path) : undefined) ?? this.#open(order);
    if (slice.from + order.n_toys >= slice.of) this.#opened.delete(order.path);
    const { found, cursors } = opened;
    if ("problem" in found) return found;
    return { origin: found.origin, output: sliceOf(found.output, slice, order.n_toys, cursors) };
  }

  #open(order: InputOrder): Opened {
    const found = readSource(this.#context, order);
    const start = () => ({ entries: 0, bytes: 0 });
    const cursors = { converged: start(), nll: start(), poi_hat: start(), poi_sigma: start() };
    const opened = { found: "problem" in found ? found : { ...found, output: kept(found.output) }, cursors };
    this.#opened.set(order.path, opened);
    return opened;
  }
}

/** With its own copy of the text: it lies in memory that the next file is read into. */
function kept(checked: CheckedOutput): CheckedOutput {
  const { entries, output: { frame: { results: { n_toys } } } } = checked;
  const isCuttable = entries !== null && TOY_ARRAYS.every((name) => hasLines(entries[name], n_toys));
  return { ...checked, entries: isCuttable ? ofEach((name) => entries[name].slice()) : null };
}

/** Whether each entry has a line of its own. */
function hasLines(text: Uint8Array, n_entries: number): boolean {
  let [commas, breaks] = [0, 0];
  for (let i = 0; i < text.length; i++) {
    if (text[i] === COMMA) commas++;
    else if (text[i] === NEWLINE && (text[i - 1] !== COMMA || ++breaks > n_entries)) return false;
  }
  return commas === n_entries - 1 && breaks === commas;
}

function sliceOf(
  whole: CheckedOutput,
  { from, poi_true }: Slice,
  n_toys: number,
  cursors: Record<ToyArray, Cursor>,
): CheckedOutput {
  const { output, entries } = whole;
  const to = from + n_toys;
  const { frame } = output;
  const part: ShardOutput = {
    frame: { ...frame, results: { ...frame.results, poi_true } },
    converged: output.converged.slice(from, to),
    poi_hat: output.poi_hat.subarray(from, to),
    poi_sigma: output.poi_sigma.subarray(from, to),
    nll: output.nll.subarray(from, to),
  };
  return { ...whole, output: part, entries: entries && ofEach((name) => cut(entries[name], cursors[name], from, to)) };
}

function ofEach(of: (name: ToyArray) => Uint8Array): Record<ToyArray, Uint8Array> {
  const [converged, nll, poi_hat, poi_sigma] = TOY_ARRAYS.map(of);
  if (!converged || !nll || !poi_hat || !poi_sigma) throw new Error("An output has four arrays");
  return { converged, nll, poi_hat, poi_sigma };
}

/** The entries `from` to `to` (exclusive), one a line, without the comma behind the last. */
function cut(text: Uint8Array, cursor: Cursor, from: number, to: number): Uint8Array {
  const first = skipTo(text, cursor, from);
  const end = skipTo(text, cursor, to);
  let last = end;
  while (last > first && text[last - 1] !== COMMA) last--;
  return text.subarray(first, end === text.length ? end : last - 1);
}

/** Moves on to where an entry begins: behind the blanks of its line. */
function skipTo(text: Uint8Array, cursor: Cursor, entry: number): number {
  while (cursor.entries < entry) {
    const newline = text.indexOf(NEWLINE, cursor.bytes);
    cursor.bytes = newline < 0 ? text.length : newline + 1;
    cursor.entries++;
  }
  let begin = cursor.bytes;
  while (begin < text.length && text[begin] === 0x20) begin++;
  return begin;
}
