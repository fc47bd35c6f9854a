import type { ToyValues } from "../../core/merge/toy_values.ts";
import { FrameReader, type SourceFacts } from "../../core/merge/source_facts.ts";
import type { Problem } from "../../core/contracts/merge_status.ts";
import { temporaryPath } from "../write_file.ts";
import { startHelper } from "./helper.ts";
import { type Part, PartReader } from "./read_part.ts";
import type { ReadContext, SourceOrder } from "./source_order.ts";
import { TextStore } from "./text_store.ts";

/** All outputs of a merge, read and checked; to be closed. */
export interface ReadSet {
  facts: SourceFacts[];
  problems: Problem[];
  values: ToyValues;
  parts: Part[];
  close(): void;
}

/** So much is read by one reader before it takes the next part: some 15 ms of work. */
const PART_SHARDS = 250;
const PART_TOYS = 25_000;

/** So much of the arrays' text stays in memory for each reader; what is beyond goes through a temporary file. */
const MEMORY_BYTES = 48 * 1024 * 1024;

/** From this many outputs on, a second thread is worth its start (some 30 ms). */
const HELP_FROM = 1000;

/**
 * Reads outputs in toy order. Where there are many, a Worker takes parts from the same list.
 * @param spill where temporary files may lie: a path beside which they get their names
 */
export async function readAll(context: ReadContext, orders: readonly SourceOrder[], spill: string): Promise<ReadSet> {
  const values = sharedValues(orders);
  const cuts = cutParts(orders);
  const next = new Int32Array(new SharedArrayBuffer(4));
  const stores = [0, 1].map(() => temporaryPath(spill));
  const own = new TextStore(stores[0] ?? "", MEMORY_BYTES);
  const order = { context, orders, cuts, values, next, spill: stores[1] ?? "", memory_bytes: MEMORY_BYTES };
  const helper = orders.length >= HELP_FROM && navigator.hardwareConcurrency > 1 ? startHelper(order) : undefined;
  const close = () => [own, new TextStore(stores[1] ?? "", 0)].forEach((store) => store.drop());
  try {
    const reader = new PartReader(context, values, own);
    const parts = new Map<number, Part>();
    takeParts(order, (index, part) => parts.set(index, part), reader);
    for (const [index, part] of await helper?.parts ?? []) parts.set(index, part);
    // What a Worker took and did not bring (it could not start, or it died) is read here.
    for (const [index, cut] of cuts.entries()) {
      if (!parts.has(index)) parts.set(index, reader.read(orders.slice(...cut)));
    }
    return { ...joined([...parts].sort(([a], [b]) => a - b).map(([, part]) => part)), values, close };
  } catch (error) {
    close();
    throw error;
  }
}
