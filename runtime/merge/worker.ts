import { orElse } from "../../core/errors.ts";
import { FrameReader, type SourceFacts } from "../../core/merge/source_facts.ts";
import type { ToyValues } from "../../core/output.ts";
import type { Problem } from "../../core/schema/merge_report.ts";
import { type FileSum, hashStream, removeQuietly, temporaryPath } from "../fs/write.ts";
import { manifestBytes } from "../run/load_manifest.ts";
import { MERGE_HELPER, serveThread, startThread, takeParts } from "../system/second_thread.ts";
import { type PartList, partList } from "./part_list.ts";
import { type Part, PartReader } from "./read_part.ts";
import { runSources, type SourceOrder, type Sources, withLeftOut } from "./sources.ts";
import { TextStore } from "./text_store.ts";
import { mergedFill, type MergedPieces } from "./write_merged.ts";

/** Size of a manifest (about 1,000 shards) from which the start of a thread (about 30 ms) pays. */
const LARGE_BYTES = 250_000;

type Request =
  /** Sent first, so that the Worker opens the run while its caller does. */
  | { kind: "open"; run: string; accept_unrecorded: boolean }
  | { kind: "read"; list: PartList; left_out: Map<string, string>; fingerprint: string; spill: string }
  | { kind: "hash"; pieces: MergedPieces };

type Brought = { index: number; part: Part } | { sum: FileSum };

/** A second thread of a merge. It is optional: the caller reads whatever it does not deliver. */
export interface Helper {
  /** Reads parts of a list until none is left; reads none where it sees other shards than its caller. */
  read(sources: Sources, left_out: Map<string, string>, list: PartList, spill: string): Promise<Map<number, Part>>;
  hash(pieces: MergedPieces): Promise<FileSum | undefined>;
  dismiss(): void;
}

/** Starts a second thread on a run; its program is this module. undefined: not possible, or it would not pay. */
export function startMergeWorker(run: string, accept_unrecorded: boolean): Helper | undefined {
  const thread = manifestBytes(run) < LARGE_BYTES
    ? undefined
    : startThread<Request, Brought>(import.meta.url, MERGE_HELPER);
  if (!thread) return undefined;
  thread.request({ kind: "open", run, accept_unrecorded });
  return {
    dismiss: () => thread.close(),
    read: async (sources, left_out, list, spill) => {
      const parts = new Map<number, Part>();
      await thread.request({ kind: "read", list, left_out, fingerprint: fingerprint(sources), spill }, (brought) => {
        if ("part" in brought) parts.set(brought.index, brought.part);
      });
      return parts;
    },
    hash: async (pieces) => {
      let sum: FileSum | undefined;
      await thread.request({ kind: "hash", pieces }, (brought) => {
        if ("sum" in brought) sum = brought.sum;
      });
      return sum;
    },
  };
}

let opened: Sources | undefined;

serveThread<Request, Brought>(MERGE_HELPER, (request, give) => {
  // The thread that sends the requests finds the same faults and reports them.
  if (request.kind === "open") opened = orElse(undefined, () => runSources(request.run, request.accept_unrecorded));
  else if (request.kind === "hash") give({ sum: hashStream(mergedFill(request.pieces)) });
  else if (opened && fingerprint(opened) === request.fingerprint) readParts(opened, request, give);
});

function readParts(
  { context, orders: all }: Sources,
  { list, left_out, spill }: Extract<Request, { kind: "read" }>,
  give: (brought: Brought) => void,
): void {
  const store = new TextStore(spill, list.memory_bytes);
  const orders = withLeftOut(context, all, left_out);
  const reader = new PartReader(context, list.values, store);
  try {
    readFree(list, orders, reader, (index, part) => give({ index, part }));
  } finally {
    store.close();
  }
}

function readFree(
  { cuts, next }: PartList,
  orders: readonly SourceOrder[],
  reader: PartReader,
  bring: (index: number, part: Part) => void,
): void {
  takeParts(next, cuts.length, (index) => bring(index, reader.read(orders.slice(...cuts[index] ?? [0, 0]))));
}

/** All outputs of a merge, read and checked, in toy order; the caller closes it. */
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
  /** Paths to leave out, with the reasons. */
  left_out: Map<string, string>;
}

/** Reads the outputs of a merge, with a second thread where possible. */
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
    readFree(list, orders, reader, (index, part) => parts.set(index, part));
    for (const [index, part] of await brought ?? []) parts.set(index, part);
    // Parts that the second thread took and did not deliver are read here.
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

/** Returns a text that is equal when two threads see the same shards: every change of a run's plans changes it. */
function fingerprint({ run, orders }: Sources): string {
  const { manifest } = run ?? {};
  return JSON.stringify([manifest?.farm?.run_token, manifest?.created_at_utc, manifest?.n_toys, orders.length]);
}
