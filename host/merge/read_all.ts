import type { Problem } from "../../core/contracts/merge_status.ts";
import { FrameReader, type SourceFacts } from "../../core/merge/source_facts.ts";
import type { ToyValues } from "../../core/merge/toy_values.ts";
import { removeQuietly, temporaryPath } from "../write_file.ts";
import { startHelper } from "./helper.ts";
import { cutParts, type PartOrder, takeParts } from "./part_order.ts";
import { type Part, PartReader } from "./read_part.ts";
import type { ReadContext, SourceOrder } from "./source_order.ts";
import { TextStore } from "./text_store.ts";

/** All outputs of a merge, read and checked, in toy order; to be closed. */
export interface ReadSet {
  facts: SourceFacts[];
  problems: Problem[];
  values: ToyValues;
  texts: NonNullable<Part["texts"]>[];
  close(): void;
}

/** So much of the arrays' text each reader keeps in memory; what is beyond goes through a temporary file. */
const MEMORY_BYTES = 48 * 1024 * 1024;

/** From this many outputs on, a second thread is worth its start (some 30 ms). */
const HELP_FROM = 1000;

/**
 * Reads a merge's outputs. Where there are many, a Worker takes parts of the same list.
 * @param beside temporary files get their names beside this path
 */
export async function readAll(context: ReadContext, orders: readonly SourceOrder[], beside: string): Promise<ReadSet> {
  const own = new TextStore(temporaryPath(beside), MEMORY_BYTES);
  const order: PartOrder = {
    context,
    orders,
    cuts: cutParts(orders),
    values: sharedValues(context, orders),
    next: new Int32Array(new SharedArrayBuffer(4)),
    spill: temporaryPath(beside),
    memory_bytes: MEMORY_BYTES,
  };
  const close = () => {
    own.drop();
    removeQuietly(order.spill);
  };
  try {
    return { ...joined(await readParts(order, own)), values: order.values, close };
  } catch (error) {
    close();
    throw error;
  }
}

async function readParts(order: PartOrder, own: TextStore): Promise<Part[]> {
  const is_large = order.orders.length >= HELP_FROM && navigator.hardwareConcurrency > 1;
  const helper = is_large ? startHelper(order) : undefined;
  const reader = new PartReader(order.context, order.values, own);
  const parts = new Map<number, Part>();
  takeParts(order, reader, (index, part) => parts.set(index, part));
  const brought = await helper?.parts;
  // What a helper took and did not bring is read here.
  return order.cuts.map((cut, i) => parts.get(i) ?? brought?.get(i) ?? reader.read(order.orders.slice(...cut)));
}

function sharedValues({ manifest }: ReadContext, orders: readonly SourceOrder[]): ToyValues {
  const n = orders.reduce((sum, { n_toys }) => sum + n_toys, 0);
  const array = (length: number) => new Float64Array(new SharedArrayBuffer(8 * length));
  return { poi_hat: array(n), pulls: array(manifest?.farm?.pulls === false ? 0 : n) };
}

function joined(parts: Part[]): Pick<ReadSet, "facts" | "problems" | "texts"> {
  const frames = new FrameReader();
  return {
    facts: parts.flatMap((part) => part.facts.map((facts) => frames.adopt(facts))),
    problems: parts.flatMap((part) => part.problems),
    texts: parts.flatMap((part) => part.texts ?? []),
  };
}
