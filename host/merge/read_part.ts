import { arrayTexts } from "../../core/merge/array_texts.ts";
import { FrameReader, type SourceFacts } from "../../core/merge/source_facts.ts";
import { putNothing, putValues, type ToyValues } from "../../core/merge/toy_values.ts";
import type { Problem } from "../../core/contracts/merge_status.ts";
import { ENTRY_BREAK, TOY_ARRAYS, type ToyArray } from "../../core/output_text.ts";
import { readSource } from "./read_source.ts";
import type { ReadContext, SourceOrder } from "./source_order.ts";
import type { TextPiece, TextStore } from "./text_store.ts";

/** What some neighbouring outputs give to a merge; their values are in the common arrays. */
export interface Part {
  facts: SourceFacts[];
  problems: Problem[];
  /** The entries of each array, joined; absent where no output was good. */
  texts: Record<ToyArray, TextPiece> | null;
}

/** Reads neighbouring outputs, in toy order. */
export class PartReader {
  readonly #context: ReadContext;
  readonly #values: ToyValues;
  readonly #store: TextStore;
  readonly #frames = new FrameReader();
  readonly #encoder = new TextEncoder();

  constructor(context: ReadContext, values: ToyValues, store: TextStore) {
    this.#context = context;
    this.#values = values;
    this.#store = store;
  }

  read(orders: readonly SourceOrder[]): Part {
    const part: Part = { facts: [], problems: [], texts: null };
    const texts: Record<ToyArray, string[]> = { converged: [], nll: [], poi_hat: [], poi_sigma: [] };
    for (const order of orders) this.#take(order, part, texts);
    if (part.facts.length > 0) part.texts = this.#keep(texts);
    return part;
  }

  #take(order: SourceOrder, part: Part, texts: Record<ToyArray, string[]>): void {
    const found = readSource(this.#context, order);
    if ("problem" in found) {
      part.problems.push(found.problem);
      return putNothing(this.#values, order.at, order.n_toys);
    }
    const { origin, output } = found;
    if (origin.n_toys !== order.n_toys) throw new Error(`${origin.path} changed while it was merged`);
    part.facts.push({ ...origin, ...this.#frames.read(output.frame) });
    putValues(this.#values, order.at, output);
    const own = arrayTexts(output);
    for (const name of TOY_ARRAYS) texts[name].push(own[name]);
  }

  #keep(texts: Record<ToyArray, string[]>): Record<ToyArray, TextPiece> {
    const put = (name: ToyArray) => this.#store.put(this.#encoder.encode(texts[name].join(ENTRY_BREAK)));
    return { converged: put("converged"), nll: put("nll"), poi_hat: put("poi_hat"), poi_sigma: put("poi_sigma") };
  }
}
