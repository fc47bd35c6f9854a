import type { ToyValues } from "../../core/merge/toy_values.ts";
import type { Part, PartReader } from "./read_part.ts";
import type { ReadContext, SourceOrder } from "./source_order.ts";

/** The list from which several readers take parts: plain data and shared memory, so that it can go to a Worker. */
export interface PartOrder {
  context: ReadContext;
  orders: readonly SourceOrder[];
  /** From which order to which (exclusive) each part goes. */
  cuts: readonly (readonly [number, number])[];
  values: ToyValues;
  /** In shared memory: the next part that nobody has taken. */
  next: Int32Array;
  /** The other reader's temporary file, and how much of the texts it keeps in memory. */
  spill: string;
  memory_bytes: number;
}

/** So much one reader takes at a time: some 15 ms of work. */
const PART_SHARDS = 250;
const PART_TOYS = 25_000;

/** Cuts a list of orders into parts. */
export function cutParts(orders: readonly SourceOrder[]): [number, number][] {
  const cuts: [number, number][] = [];
  let toys = 0;
  for (const [i, order] of orders.entries()) {
    const last = cuts.at(-1);
    if (!last || i - last[0] >= PART_SHARDS || toys + order.n_toys > PART_TOYS) {
      cuts.push([i, i + 1]);
      toys = 0;
    } else {
      last[1] = i + 1;
    }
    toys += order.n_toys;
  }
  return cuts;
}

/** Takes the next free part, reads it, and so on until none is left. */
export function takeParts(order: PartOrder, reader: PartReader, bring: (index: number, part: Part) => void): void {
  for (;;) {
    const index = Atomics.add(order.next, 0, 1);
    const cut = order.cuts[index];
    if (!cut) return;
    bring(index, reader.read(order.orders.slice(...cut)));
  }
}
