import type { ToyValues } from "../../core/output.ts";
import type { SourceOrder } from "./sources.ts";

/** A list whose parts several readers share out: plain data and shared memory, so that it can be sent to a Worker. */
export interface PartList {
  /** First and last (exclusive) order of each part. */
  cuts: readonly (readonly [number, number])[];
  values: ToyValues;
  /** In shared memory: the next free part. */
  next: Int32Array;
  /** Memory that each reader may use for the text of arrays, in bytes. */
  memory_bytes: number;
}

/** Shards of one part: about 15 ms of work. */
const PART_SHARDS = 250;
const PART_TOYS = 25_000;

/** Memory limit of the texts; more goes through a temporary file. */
const MEMORY_BYTES = 64 * 1024 * 1024;

/** Returns the list of all parts. @param with_pulls whether to allocate room for each toy's pull */
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
