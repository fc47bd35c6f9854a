import type { Problem } from "../../core/contracts/merge_status.ts";
import { FrameReader, type SourceFacts } from "../../core/merge/source_facts.ts";
import type { ToyValues } from "../../core/merge/toy_values.ts";
import { removeQuietly, temporaryPath } from "../disk/write_file.ts";
import type { Helper } from "./helper.ts";
import type { Sources } from "./open_sources.ts";
import { partList, takeParts } from "./part_list.ts";
import { type Part, PartReader } from "./read_part.ts";
import { withLeftOut } from "./source_order.ts";
import { TextStore } from "./text_store.ts";

/** All outputs of a merge, read and checked, in toy order; to be closed. */
export interface ReadSet {
  facts: SourceFacts[];
  problems: Problem[];
  values: ToyValues;
  texts: NonNullable<Part["texts"]>[];
  close(): void;
}

export interface ReadOptions {
  /** Temporary files get their names beside this path. */
  beside: string;
  helper: Helper | undefined;
  /** Paths that are not to be merged, and why. */
  left_out: Map<string, string>;
}

/** Reads a merge's outputs, with a helper where there is one. */
export async function readAll(sources: Sources, options: ReadOptions): Promise<ReadSet> {
  const list = partList(sources.orders, sources.context.manifest?.farm?.pulls !== false);
  const own = new TextStore(temporaryPath(options.beside), list.memory_bytes);
  const spill = temporaryPath(options.beside);
  const close = () => {
    own.drop();
    removeQuietly(spill);
  };
  try {
    const brought = options.helper?.read(sources, options.left_out, list, spill);
    const orders = withLeftOut(sources.context, sources.orders, options.left_out);
    const reader = new PartReader(sources.context, list.values, own);
    const parts = new Map<number, Part>();
    takeParts(list, orders, reader, (index, part) => parts.set(index, part));
    for (const [index, part] of await brought ?? []) parts.set(index, part);
    // What a helper took and did not bring is read here.
    const all = list.cuts.map((cut, i) => parts.get(i) ?? reader.read(orders.slice(...cut)));
    return { ...joined(all), values: list.values, close };
  } catch (error) {
    close();
    throw error;
  }
}

function joined(parts: Part[]): Pick<ReadSet, "facts" | "problems" | "texts"> {
  const frames = new FrameReader();
  return {
    facts: parts.flatMap((part) => part.facts.map((facts) => frames.adopt(facts))),
    problems: parts.flatMap((part) => part.problems),
    texts: parts.flatMap((part) => part.texts ?? []),
  };
}
