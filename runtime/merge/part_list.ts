import type { ToyValues } from "../../core/output.ts";
import type { Part, PartReader } from "./read_part.ts";
import type { SourceOrder } from "./sources.ts";

/** A list from which several readers take parts: plain data and shared memory, so that it can go to a Worker. */
export interface PartList {
  /** From which order to which (exclusive) each part goes. */
  cuts: readonly (readonly [number, number])[];
  values: ToyValues;
  /** In shared memory: the next part that nobody has taken. */
  next: Int32Array;
  /** How much of the arrays' text each reader keeps in memory. */
  memory_bytes: number;
}

/** So much one reader takes at a time: some 15 ms of work. */
const PART_SHARDS = 250;
const PART_TOYS = 25_000;

/** What is beyond it goes through a temporary file. */
const MEMORY_BYTES = 64 * 1024 * 1024;

/** @param with_pulls whether room for each toy's pull is wanted */
export function partList(orders: readonly SourceOrder[], with_pulls: boolean): PartList {
  const n_toys = orders.reduce((sum, order) => sum + order.n_toys, 0);
  const array = (length: number) => new Float64Array(new SharedArrayBuffer(8 * length));
  return {
    cuts: cutParts(orders),
    values: { poi_hat: array(n_toys), pulls: array(with_pulls ? n_toys : 0) },
    next: new Int32Array(new SharedArrayBuffer(4)),
    memory_bytes: MEMORY_BYTES,
  };
}

function cutParts(orders: readonly SourceOrder[]): [number, number][] {
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
export function takeParts(
  list: PartList,
  orders: readonly SourceOrder[],
  reader: PartReader,
  bring: (index: number, part: Part) => void,
): void {
  for (;;) {
    const index = Atomics.add(list.next, 0, 1);
    const cut = list.cuts[index];
    if (!cut) return;
    bring(index, reader.read(orders.slice(...cut)));
  }
}
