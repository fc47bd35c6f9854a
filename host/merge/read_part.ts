import { entriesText } from "../../core/merge/array_texts.ts";
import { FrameReader, type SourceFacts } from "../../core/merge/source_facts.ts";
import { putNothing, putValues, type ToyValues } from "../../core/merge/toy_values.ts";
import type { Problem } from "../../core/contracts/merge_status.ts";
import { ENTRY_BREAK, TOY_ARRAYS, type ToyArray } from "../../core/output_text.ts";
import { readSource } from "./read_source.ts";
import { SliceReader } from "./read_slice.ts";
import type { ReadContext, SourceOrder } from "./source_order.ts";
import { TextBuffer } from "./text_buffer.ts";
import type { TextPiece, TextStore } from "./text_store.ts";

/** What some neighbouring outputs give to a merge; their values are in the common arrays. */
export interface Part {
  facts: SourceFacts[];
  problems: Problem[];
  /** The entries of each array, joined; absent where no output was good. */
  texts: Record<ToyArray, TextPiece> | null;
}

const encoder = new TextEncoder();

/** What stands between the entries of two outputs. */
export const BETWEEN = encoder.encode(ENTRY_BREAK);

/** Reads neighbouring outputs, in toy order. */
export class PartReader {
  readonly #context: ReadContext;
  readonly #values: ToyValues;
  readonly #store: TextStore;
  readonly #frames = new FrameReader();
  readonly #slices: SliceReader;
  readonly #texts = {
    converged: new TextBuffer(),
    nll: new TextBuffer(),
    poi_hat: new TextBuffer(),
    poi_sigma: new TextBuffer(),
  };

  constructor(context: ReadContext, values: ToyValues, store: TextStore) {
    this.#context = context;
    this.#values = values;
    this.#store = store;
    this.#slices = new SliceReader(context);
  }

  read(orders: readonly SourceOrder[]): Part {
    const part: Part = { facts: [], problems: [], texts: null };
    for (const order of orders) this.#take(order, part);
    if (part.facts.length > 0) part.texts = this.#keepTexts();
    return part;
  }

  #take(order: SourceOrder, part: Part): void {
    const slice = order.kind === "input" ? order.slice : null;
    const found = order.kind === "input" ? this.#slices.read(order) : readSource(this.#context, order);
    // Of what is taken in slices, the first speaks for all.
    const is_first = slice === null || slice.from === 0;
    if ("problem" in found) {
      if (is_first) part.problems.push(found.problem);
      return putNothing(this.#values, order.at, order.n_toys);
    }
    const { origin, output } = found;
    const n_toys = slice ? slice.of : order.n_toys;
    if (origin.n_toys !== n_toys) throw new Error(`${origin.path} changed while it was merged`);
    if (is_first) part.facts.push(this.#frames.read(origin, output.output.frame));
    putValues(this.#values, order.at, output.output);
    for (const name of TOY_ARRAYS) {
      const entries = output.entries?.[name] ?? encoder.encode(entriesText(output.output, name));
      this.#texts[name].append(entries, BETWEEN);
    }
  }

  #keepTexts(): Record<ToyArray, TextPiece> {
    const keep = (name: ToyArray) => this.#store.put(this.#texts[name].take());
    return { converged: keep("converged"), nll: keep("nll"), poi_hat: keep("poi_hat"), poi_sigma: keep("poi_sigma") };
  }
}
